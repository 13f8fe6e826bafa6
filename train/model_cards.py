"""`weights/README.md`: the cards of all weight files of a folder, for people."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fer_live.card import Card, load_card
from fer_live.errors import UserError
from train.fitted import scaling_of

HEAD = "# Model cards\n"  # where a README.md begins so, it is one of ours

UNCERTAINTY = {
    "head": "the variance that RUL's head says",
    "crowd": "the entropy of the votes that its crowd head expects",
    "entropy": "the entropy of the calibrated probabilities",
}
NAMES = {"variance": "variance of RUL's head"}

logger = logging.getLogger(__name__)


def write_model_cards(folder: Path) -> None:
    """Renew the folder's README.md from its weight files; warn of those that do not say enough.

    A README.md that others wrote stays as it is, and so does one that cannot be written: the weight file that
    it would tell of is there already.
    """
    path = folder / "README.md"
    try:
        _write(path)
    except OSError as error:
        logger.warning(
            f"{path} could not be written ({error.strerror}) and does not tell of today's weight files: once it "
            "can be, refresh one of them"
        )


def _write(path: Path) -> None:
    if path.exists() and not path.read_bytes().startswith(HEAD.encode()):
        logger.warning(
            f"{path} is not a list of model cards and stays as it is: for one, rename it and refresh"
        )
        return
    head = (
        f"{HEAD}\nWritten by `python -m train export` and `refresh` from the cards inside the weight files.\n"
        "The split that is named chose the epoch and fitted the temperature: its scores are validation scores.\n"
    )
    sections = [_section_or_none(file) for file in sorted(path.parent.glob("*.safetensors"))]
    path.write_text("\n".join([head, *filter(None, sections)]), encoding="utf-8")


def _section_or_none(file: Path) -> str | None:
    try:
        return _section(load_card(file), file)
    except UserError as error:
        why = str(error)
    except (AttributeError, KeyError, StopIteration, TypeError, ValueError):
        why = f"{file}: its card is not whole"  # older versions and other programs say less
    logger.warning(f"{why}; {file.name} is left out of README.md")
    return None


def _section(card: Card, file: Path) -> str:
    ((split, scores),) = card.metrics.items()
    training, faces = next(iter(card.split_sizes.items()))
    recalls = ", ".join(
        f"{name} {'-' if recall is None else f'{100 * recall:.1f}'}"
        for name, recall in scores["per_class_recall"].items()
    )
    facts = [
        f"- file: `{file.name}`, {file.stat().st_size / 1e6:.1f} MB, fp16",
        f"- network: {card.network} {card.arguments}",
        f"- input: {card.size}x{card.size}, {'grey' if card.channels == 1 else 'RGB'}",
        f"- trained on: {card.dataset}, {faces} faces of its split {training}",
        f"- training: {card.recipe['epochs']} epochs planned, epoch {card.training['epoch']} chosen, "
        f"seed {card.recipe['seed']}, {card.training['device']}, commit {card.commit}"
        + (f"; {card.training['note']}" if "note" in card.training else ""),
        *_adjustment(card),
        *_scaling(card),
        f"- its split {split} ({scores['n']} faces, no TTA): accuracy {100 * scores['accuracy']:.2f}%, "
        f"macro recall {100 * scores['macro_recall']:.2f}%, ECE {100 * scores['ece']:.2f}%, "
        f"NLL {scores['nll']:.3f}",
        *_calibration(scores),
        f"- recall of each class in %: {recalls}",
        f"- temperature: {card.temperature:.3f} ({card.tta_temperature:.3f} for ten views); one name from a "
        f"confidence of {card.abstain_below:.2f} on",
        f"- uncertainty: {_uncertainty(card)}, ranked among the training faces{_agreement(scores)}",
        f"- licence: {card.licence}",
    ]
    return f"## {card.name}\n\n{card.recipe['description']}.\n\n" + "\n".join(facts) + "\n"


def _uncertainty(card: Card) -> str:
    by_votes = card.uncertainty_score == "head" and card.arguments.get("crowd")
    return UNCERTAINTY["crowd" if by_votes else card.uncertainty_score]


def _adjustment(card: Card) -> list[str]:
    strength = card.training.get("logit_adjustment")
    return (
        [f"- {strength:g} times the classes' log prior is taken from its logits"]
        if strength
        else []
    )


def _scaling(card: Card) -> list[str]:
    scores = card.training.get("matrix_scaling")
    if not scores:
        return []
    return [
        f"- its last layer is calibrated by {scaling_of(card)} scaling on its split {scores['split']}; by that of "
        f"other faces ({scores['folds']} folds): accuracy {100 * scores['accuracy']:.2f}%, macro recall "
        f"{100 * scores['macro_recall']:.2f}%, ECE {100 * scores['ece']:.2f}%, standard error "
        f"{100 * scores['ece_standard_error']:.2f}{_raised(scores)}"
    ]


def _raised(scores: Mapping[str, Any]) -> str:
    """Of files of earlier versions, nothing."""
    if "optimism" not in scores:
        return ""
    return f"; temperatures that its own faces fit are raised {scores['optimism']:.3f} times, because it knows them"


def _calibration(scores: Mapping[str, Any]) -> list[str]:
    """A line where the card has it: files of earlier versions do not."""
    if "cross_fitted" not in scores:
        return []
    plain, views = scores["cross_fitted"], scores["tta"]["cross_fitted"]
    return [
        f"- by temperatures of other faces ({plain['folds']} folds): ECE {100 * plain['ece']:.2f}%, "
        f"standard error {100 * plain['ece_standard_error']:.2f}; of ten views (TTA), with accuracy "
        f"{100 * scores['tta']['accuracy']:.2f}%: {100 * views['ece']:.2f}%, standard error "
        f"{100 * views['ece_standard_error']:.2f}"
    ]


def _agreement(scores: Mapping[str, Any]) -> str:
    """How well each score agrees with the crowd, where the votes were at hand."""
    told = [
        f"{NAMES.get(name, name)} {found['value']:.3f} ± {found['standard_error']:.3f}"
        for name, found in scores.get("agreement", {}).items()
        if found["value"] is not None
    ]
    return f"; Spearman with the entropy of FER+'s votes: {', '.join(told)}" if told else ""
