"""The Gradio app: a file, or a folder, for each tab."""
