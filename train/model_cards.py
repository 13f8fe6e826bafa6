"""`weights/README.md`: the cards of all weight files of a folder, for people."""

from pathlib import Path

from fer_live.card import Card, load_card


def write_model_cards(folder: Path) -> None:
    """Renew the folder's README.md from its weight files."""
    files = sorted(folder.glob("*.safetensors"))
    sections = [_section(load_card(file), file) for file in files]
    head = (
        "# Model cards\n\nWritten by `python -m train export` from the cards inside the weight files.\n"
        "The split that is named chose the epoch and fitted the temperature: its scores are validation scores.\n"
    )
    (folder / "README.md").write_text("\n".join([head, *sections]))


def _section(card: Card, file: Path) -> str:
    ((split, scores),) = card.metrics.items()
    training, faces = next(iter(card.split_sizes.items()))
    recalls = ", ".join(f"{name} {100 * r:.1f}" for name, r in scores["per_class_recall"].items())
    facts = [
        f"- file: `{file.name}`, {file.stat().st_size / 1e6:.1f} MB, fp16",
        f"- network: {card.network} {card.arguments}",
        f"- input: {card.size}x{card.size}, {'grey' if card.channels == 1 else 'RGB'}",
        f"- trained on: {card.dataset}, {faces} faces of its split {training}",
        f"- training: {card.recipe['epochs']} epochs planned, epoch {card.training['epoch']} chosen, "
        f"seed {card.recipe['seed']}, {card.training['device']}, commit {card.commit}"
        + (f"; {card.training['note']}" if "note" in card.training else ""),
        f"- its split {split} ({scores['n']} faces, no TTA): accuracy {100 * scores['accuracy']:.2f}%, "
        f"macro recall {100 * scores['macro_recall']:.2f}%, ECE {100 * scores['ece']:.2f}%, "
        f"NLL {scores['nll']:.3f}",
        f"- recall of each class in %: {recalls}",
        f"- temperature: {card.temperature:.3f}; one name from a confidence of {card.abstain_below:.2f} on",
        f"- licence: {card.licence}",
    ]
    return f"## {card.name}\n\n{card.recipe['description']}.\n\n" + "\n".join(facts) + "\n"
