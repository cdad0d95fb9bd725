import { type ComponentChildren } from 'preact';

/** A list of names and values in columns. */
export function Facts({ children }: { children: ComponentChildren }) {
  return <dl class="readings numbers">{children}</dl>;
}

/** One of them; left out where there is nothing to say. */
export function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  if (children === null || children === undefined || children === '') return null;
  return (
    <div class="readings__one">
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
