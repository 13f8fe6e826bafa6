// The address tells what is looked at, so that it can be kept and sent.
const tell = () => {
  const holder = element.querySelector('[data-address]');
  if (holder) {
    history.replaceState(null, '', location.pathname + (holder.dataset.address ? '?' + holder.dataset.address : ''));
  }
};
watch('value', tell);
