import { computed, signal } from '@preact/signals';

const MINUTE = 60_000;

/** Milliseconds since 1970; ticks once a second while the page is seen. */
export const now = signal(Date.now());

/** The time of the last full minute: what reads it is drawn again once a minute only. */
export const minute = computed(() => Math.floor(now.value / MINUTE) * MINUTE);

/** Starts the ticking. */
export function startClock(): void {
  setInterval(() => {
    if (document.visibilityState === 'visible') now.value = Date.now();
  }, 1000);
  document.addEventListener('visibilitychange', () => {
    now.value = Date.now();
  });
}
