"""The row of buttons below a face that says which expression is the true one."""

from fer_live.errors import UserError
from fer_live.expressions import Expression
from fer_live.web.corrections import NAME, OFF
from fer_live.web.readers import Opinion
from fer_live.web.show import note

Place = tuple[int, int]  # the picture's number and the face's in it
Corrected = tuple[int, Expression]  # the row in the folder, and what was chosen


def form(place: Place, opinion: Opinion, corrected: Corrected | None, on: bool) -> str:
    """Buttons for the true expression, or how to turn them on; what was chosen is pressed."""
    if not on:
        return f'<details class="correct"><summary>read wrong?</summary>{note(OFF)}</details>'
    predicted, true = opinion.prediction.expression, corrected[1] if corrected else None
    buttons = "".join(
        f'<button type="button" data-pick="{place[0]}/{place[1]}/{expression}" '
        f'aria-pressed="{str(expression == true).lower()}"'
        f"{' disabled' if expression == predicted else ''}>{expression}</button>"
        for expression in Expression
    )
    told = f"Pick what it shows: the crop joins {NAME}, as {opinion.model} read it."
    if true is not None:
        told = f"Kept in {NAME} as {true}. Press {true} once more to take it back."
    return (
        f'<details class="correct"{" open" if true else ""}><summary>read wrong?</summary>'
        f'<div role="group" aria-label="true expression of face {place[1] + 1}">{buttons}</div>{note(told)}</details>'
    )


def parsed(pick: object) -> tuple[Place, Expression]:
    """What a button says. Raises UserError on anything else."""
    try:
        picture, face, name = str(pick).split("/")
        return (int(picture), int(face)), Expression(name)
    except ValueError:
        raise UserError("that is no expression of a face; press one of the buttons") from None
