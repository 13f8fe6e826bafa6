// A face that was pressed is brought into view: on a phone it opens some screens below.
let pressed = false;
document.addEventListener('click', ({ target }) => { pressed ||= Boolean(target.closest('#faces [data-pick^="face/"]')); });
watch('value', () => requestAnimationFrame(() => {
  if (pressed && element.getBoundingClientRect().top > 0.8 * window.innerHeight) {
    element.scrollIntoView({ block: 'start' });
  }
  pressed = false;
}));
