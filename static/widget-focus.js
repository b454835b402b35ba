// The keyboard stays where the person put it: a frame that takes the focus by itself gives it
// back, for what is typed next would be the frame's. A page cannot see a click within a frame;
// it sees the pointer come over it, and that something was pressed.

const TAB_MS = 1000;
const TYPING_MS = 5000;
const MOST_TAKEN = 3;
// The pointer that comes over the frame and the press in it are told by another process, at
// times after the focus has gone there.
const LATE_MS = 20;

/** Give the focus back whenever `iframe` takes it, and call `tooOften` when it goes on. */
export function holdFocus(iframe, signal, tooOften) {
  const options = { signal, capture: true };
  let before = document.activeElement;
  let typed = -Infinity;
  let tabbed = -Infinity;
  let entered = null;
  let taken = 0;

  const isWanted = () => {
    const now = performance.now();
    if (now - tabbed < TAB_MS) return true;
    if (entered === null && !matchMedia("(hover: none)").matches) return false;
    if (navigator.userActivation?.isActive === false) return false;
    return now - typed > TYPING_MS || entered > typed;
  };

  const isTaken = () => document.activeElement === iframe && !isWanted();

  const giveBack = () => {
    if (!isTaken()) return;
    taken += 1;
    if (taken > MOST_TAKEN) tooOften();
    window.focus();
    iframe.blur();
    if (before !== iframe) before?.focus?.({ preventScroll: true });
  };

  window.addEventListener(
    "keydown",
    (event) => {
      typed = performance.now();
      if (event.key === "Tab") tabbed = typed;
    },
    options,
  );
  document.addEventListener("focusin", ({ target }) => (before = target), options);
  iframe.addEventListener("pointerenter", () => (entered = performance.now()), { signal });
  iframe.addEventListener("pointerleave", () => (entered = null), { signal });
  window.addEventListener(
    "blur",
    () => {
      // Never at once: the browser is still giving it away, and what is done now would be undone.
      if (isTaken()) setTimeout(giveBack, LATE_MS);
    },
    { signal },
  );
}
