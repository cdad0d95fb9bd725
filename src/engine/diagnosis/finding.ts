/** One thing that was looked at, in words for people. */
export interface Finding {
  /** What was looked at, e.g. `Port`. A diagnosis has one finding a step, always in the same order. */
  readonly step: string;
  readonly state: FindingState;
  /** One sentence without a full stop: what was found. */
  readonly title: string;
  /** More about it, for those who want to know exactly. */
  readonly detail?: string;
  /** What the user can do; each warning and problem has one. */
  readonly hint?: string;
}

export type FindingState = 'ok' | 'warning' | 'problem' | 'skipped';

/** Makes a finding; an empty detail or hint is left out. */
export function finding(
  step: string,
  state: FindingState,
  title: string,
  more: { detail?: string | undefined; hint?: string | undefined } = {},
): Finding {
  const { detail, hint } = more;
  return { step, state, title, ...(detail ? { detail } : {}), ...(hint ? { hint } : {}) };
}

/** A sentence of an error as the title of a finding. */
export function asTitle(message: string): string {
  return message.replace(/\.$/, '');
}
