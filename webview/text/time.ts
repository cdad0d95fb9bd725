const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const UNITS: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 365 * DAY],
  ['month', 30 * DAY],
  ['week', 7 * DAY],
  ['day', DAY],
  ['hour', HOUR],
  ['minute', MINUTE],
];

const relative = new Intl.RelativeTimeFormat('en', { numeric: 'always' });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'medium' });

/** "2 hours ago"; "just now" within the first minute, and for a moment that lies ahead. */
export function timeAgo(at: number, now: number): string {
  const passed = now - at;
  const unit = UNITS.find(([, length]) => passed >= length);
  return unit ? relative.format(-Math.floor(passed / unit[1]), unit[0]) : 'just now';
}

/** Date and time in the user's own format. */
export function fullDate(at: number): string {
  return full.format(at);
}

/** `00:14:05`, `3 d 02:14:05`: a clock that does not change its width each second. */
export function uptime(milliseconds: number): string {
  const passed = Math.max(0, milliseconds);
  const days = Math.floor(passed / DAY);
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0');
  const clock = `${two((passed % DAY) / HOUR)}:${two((passed % HOUR) / MINUTE)}:${two((passed % MINUTE) / SECOND)}`;
  return days > 0 ? `${days} d ${clock}` : clock;
}

/** The length of a span in the largest unit that fits, "2 minutes"; rounded. */
export function span(milliseconds: number): string {
  const seconds = Math.round(milliseconds / SECOND);
  if (seconds < 90) return `${seconds} seconds`;
  const minutes = Math.round(milliseconds / MINUTE);
  return minutes < 90 ? `${minutes} minutes` : `${Math.round(milliseconds / HOUR)} hours`;
}
