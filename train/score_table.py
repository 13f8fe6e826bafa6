"""The scores of an evaluation as tables on the terminal."""

from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from train.crowd import BASELINE, MEASURES
from train.grids import print_grid
from train.metrics import standard_error


def print_scores(scores: dict[str, Any], output: Path) -> None:
    """The scores as a table on the terminal."""
    views = "ten views (TTA)" if scores["tta"] else "one view (no TTA)"
    table = Table(
        title=f"{escape(scores['weights'])} on {scores['dataset']} {scores['split']}, {views}"
    )
    table.add_column("expression")
    for column in ("faces", "recall %", "precision %"):
        table.add_column(column, justify="right")
    for name, row in zip(scores["labels"], scores["confusion"], strict=True):
        recall, precision = scores["per_class_recall"][name], scores["per_class_precision"][name]
        table.add_row(name, str(sum(row)), _percent(recall), _percent(precision))
    table.add_section()
    table.add_row(
        "mean over classes",
        str(scores["n"]),
        _percent(scores["macro_recall"]),
        _percent(scores["macro_precision"]),
    )
    both = Table()
    for column in ("", "faces", "accuracy %", "standard error", "macro recall %"):
        both.add_column(column, justify="right" if column else "left")
    whole = "less the excluded" if scores["excluded"] else "as published"
    fitted = scores["cross_fitted"]
    parts = [(whole, scores), ("clean", scores["clean"])]
    if fitted and fitted["last_layers"]:
        parts += [("held out", fitted), ("held out, clean", fitted["clean"])]
    for title, part in parts:
        if part is None:
            both.add_row(title, "-", "-", "-", "-")
            continue
        accuracy = part["accuracy"]
        error = standard_error(accuracy, part["n"])
        recall = _percent(part["macro_recall"])
        both.add_row(title, str(part["n"]), _percent(accuracy), _percent(error), recall)
    console = Console()
    print_grid(table, console)
    print_grid(both, console)
    console.print(f"clean: {scores['clean_reason']}", markup=False, soft_wrap=True)
    if fitted and fitted["last_layers"]:
        console.print(
            f"held out: each face by last layers and temperatures that others fitted ({fitted['folds']} folds)",
            markup=False,
            soft_wrap=True,
        )
    if scores["excluded"]:
        console.print(f"left out: the faces of {scores['excluded']}", markup=False, soft_wrap=True)
    adjustment = scores["logit_adjustment"]
    if adjustment["chosen_on"]:
        console.print(
            f"logit adjustment: tau {adjustment['tau']:.2f} has the highest macro recall on "
            f"{adjustment['chosen_on']}"
            + (", which is scored here: an optimistic score" * _chosen_here(scores)),
            markup=False,
            soft_wrap=True,
        )
    elif adjustment["tau"]:
        console.print(f"logit adjustment: tau {adjustment['tau']:.2f}, as given")
    console.print(
        f"macro F1 {_percent(scores['macro_f1'])}%, AUC {_percent(scores['auc'])}%, "
        f"{_calibration(scores)}AURC {scores['aurc']:.3f}",
        markup=False,
        soft_wrap=True,
    )
    if fitted:
        alone = f"by temperatures that other faces fitted ({fitted['folds']} folds)"
        by = "held out" if fitted["last_layers"] else alone
        console.print(
            f"{by}: ECE {_percent(fitted['ece'])}%, standard error {_percent(fitted['ece_standard_error'])}",
            markup=False,
            soft_wrap=True,
        )
    if scores["crowd"]:
        _print_crowd(scores["crowd"], console)
    console.print(f"written to {output}", markup=False, soft_wrap=True)


def _chosen_here(scores: dict[str, Any]) -> bool:
    return scores["logit_adjustment"]["chosen_on"] == scores["split"]


def _calibration(scores: dict[str, Any]) -> str:
    """Nothing of a vote that is no confidence."""
    if scores["ece"] is None:
        return ""
    return (
        f"ECE {_percent(scores['ece'])}% (adaptive {_percent(scores['adaptive_ece'])}%), "
        f"NLL {scores['nll']:.3f}, Brier {scores['brier']:.3f}, "
    )


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.2f}"


def _print_crowd(crowd: dict[str, Any], console: Console) -> None:
    """What the crowd's votes say of each score, and which is ahead."""
    table = Table(title=f"unsure where FER+'s crowd is: {crowd['n']} faces")
    table.add_column("uncertainty")
    for measure in ("Spearman with the votes' entropy", "AUROC contested or unanimous", "AURC"):
        table.add_column(measure, justify="right")
    for name, found in crowd["scores"].items():
        table.add_row(name, *(_with_error(found[measure]) for measure in MEASURES))
    print_grid(table, console)
    ahead = ", ".join(f"{crowd['wins'][measure] or 'none'} by {measure}" for measure in MEASURES)
    console.print(
        f"{crowd['contested']} contested (top share at most a half), {crowd['unanimous']} unanimous, "
        f"{crowd['left_out']} left out (no face, or no expression named)\n"
        f"{_divergence(crowd)}ahead: {ahead}",
        markup=False,
        soft_wrap=True,
    )
    for name, found in crowd["scores"].items():
        if name != BASELINE:
            ahead = ", ".join(f"{m} {_ahead(found[m])}" for m in MEASURES)
            console.print(f"{name} less {BASELINE}: {ahead}", markup=False, soft_wrap=True)


def _divergence(crowd: dict[str, Any]) -> str:
    """Nothing of a vote that is no confidence."""
    if crowd["kl"] is None:
        return ""
    return (
        f"KL(votes || p) {crowd['kl']:.3f} nats, standard error {crowd['kl_standard_error']:.3f}, "
        f"{crowd['kl_n']} faces\n"
    )


def _with_error(found: dict[str, float | None]) -> str:
    if found["value"] is None or found["standard_error"] is None:
        return "-"
    return f"{found['value']:.3f} ± {found['standard_error']:.3f}"


def _ahead(found: dict[str, float | None]) -> str:
    if found["ahead"] is None or found["ahead_standard_error"] is None:
        return "-"
    return f"{found['ahead']:+.3f} ± {found['ahead_standard_error']:.3f}"
