import { ChevronRight } from 'lucide-preact';
import { type ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { Icon } from './icon.js';

interface DisclosureProps {
  label: string;
  /** Whether it starts unfolded. */
  open: boolean;
  children: ComponentChildren;
}

/** What only some users need, folded away under a line that says what it is. */
export function Disclosure({ label, open, children }: DisclosureProps) {
  const [unfolded, setUnfolded] = useState(open);
  return (
    <details class="ui-disclosure" open={unfolded} onToggle={event => setUnfolded(event.currentTarget.open)}>
      <summary>
        <Icon of={ChevronRight} size={14} />
        <span>{label}</span>
      </summary>
      <div class="ui-disclosure__content">{children}</div>
    </details>
  );
}
