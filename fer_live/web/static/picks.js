// Buttons inside an HTML part tell the server which of them was pressed.
element.addEventListener('click', (event) => {
  const button = event.target.closest('[data-pick]');
  if (button && element.contains(button)) {
    trigger('select', { pick: button.dataset.pick });
  }
});
// The answer makes the part anew: the keyboard stays at its place, or before it where that cannot be pressed now.
const picks = () => [...element.querySelectorAll('[data-pick]')];
let focused = -1;
document.addEventListener('focusin', ({ target }) => { focused = picks().indexOf(target); });
watch('value', () => {
  const { activeElement: now, body } = document;
  if (focused < 0 || (now !== body && !now.disabled)) return;
  const pick = picks().slice(0, focused + 1).findLast((pick) => !pick.disabled);
  const closed = pick?.closest('details:not([open])');
  (closed?.querySelector('summary') ?? pick)?.focus({ preventScroll: true });
});
