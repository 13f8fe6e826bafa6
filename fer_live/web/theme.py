"""How the page looks: the system's own fonts, nothing from elsewhere, light and dark."""

from pathlib import Path

import gradio as gr

STATIC = Path(__file__).parent / "static"
SANS = ["system-ui", "-apple-system", "Segoe UI", "Roboto", "Helvetica", "Arial", "sans-serif"]
MONO = ["ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace"]


def theme() -> gr.Theme:
    """Fonts by name only: Gradio's own themes fetch theirs."""
    return gr.themes.Base(
        primary_hue=gr.themes.colors.teal,
        secondary_hue=gr.themes.colors.teal,
        neutral_hue=gr.themes.colors.slate,
        radius_size=gr.themes.sizes.radius_md,
        font=SANS,
        font_mono=MONO,
    ).set(
        body_background_fill="*neutral_50",
        body_background_fill_dark="*neutral_950",
        block_background_fill="white",
        block_background_fill_dark="*neutral_900",
        body_text_color_subdued="*neutral_600",  # Gradio's own grey is too pale to read
        body_text_color_subdued_dark="*neutral_400",
        block_label_text_color="*neutral_600",
        button_primary_background_fill="*primary_700",
        button_primary_background_fill_hover="*primary_800",
        button_primary_background_fill_dark="*primary_700",
        button_primary_text_color="white",
    )


def style(name: str = "page.css") -> str:
    """A style sheet of ours, by its file's name."""
    return (STATIC / name).read_text(encoding="utf-8")


def script(name: str) -> str:
    """JavaScript of ours, by its file's name."""
    return (STATIC / name).read_text(encoding="utf-8")
