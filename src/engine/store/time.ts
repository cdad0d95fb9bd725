/** UTC as SQLite's own functions write it, `YYYY-MM-DD HH:MM:SS`; parts of a second are dropped. Takes epoch milliseconds. */
export function toSqlTime(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replace('T', ' ');
}

/** Epoch milliseconds of a time in the form of {@link toSqlTime}; null for anything else. */
export function fromSqlTime(text: string | null): number | null {
  if (text === null || !/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/.test(text)) return null;
  const ms = Date.parse(`${text.replace(' ', 'T')}Z`);
  return Number.isNaN(ms) ? null : ms;
}

/** A UTC time that can be part of a file name on every system: `YYYYMMDD-HHMMSS`. Takes epoch milliseconds. */
export function toFileTime(ms: number): string {
  return toSqlTime(ms).replace(/[-:]/g, '').replace(' ', '-');
}

/** Epoch milliseconds of a time in the form of {@link toFileTime}; null for anything else. */
export function fromFileTime(text: string): number | null {
  const parts = /^(\d{4})(\d\d)(\d\d)-(\d\d)(\d\d)(\d\d)$/.exec(text);
  if (parts === null) return null;
  const [, year, month, day, hour, minute, second] = parts;
  return fromSqlTime(`${year ?? ''}-${month ?? ''}-${day ?? ''} ${hour ?? ''}:${minute ?? ''}:${second ?? ''}`);
}
