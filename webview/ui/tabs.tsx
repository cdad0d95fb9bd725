import { type LucideIcon } from 'lucide-preact';
import { type ComponentChildren } from 'preact';
import { Icon } from './icon.js';

export interface TabItem<T extends string> {
  readonly id: T;
  readonly label: string;
  readonly icon: LucideIcon;
}

interface TabsProps<T extends string> {
  label: string;
  items: readonly TabItem<T>[];
  current: T;
  onSelect: (tab: T) => void;
  children: (tab: T) => ComponentChildren;
}

/**
 * Tabs as the ARIA practices describe them: one stop for the Tab key, arrows, Home and End move and select at once.
 * The toolkit's own panels are not used: they keep every view alive.
 */
export function Tabs<T extends string>({ label, items, current, onSelect, children }: TabsProps<T>) {
  const move = (event: KeyboardEvent) => {
    const at = items.findIndex(item => item.id === current);
    const steps: Readonly<Record<string, number>> = {
      ArrowRight: (at + 1) % items.length,
      ArrowLeft: (at - 1 + items.length) % items.length,
      Home: 0,
      End: items.length - 1,
    };
    const next = items[steps[event.key] ?? -1];
    if (!next || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    onSelect(next.id);
    document.getElementById(`tab-${next.id}`)?.focus();
  };
  return (
    <>
      <div role="tablist" aria-label={label} class="ui-tabs" onKeyDown={move}>
        {items.map(item => (
          <button
            key={item.id}
            type="button"
            role="tab"
            id={`tab-${item.id}`}
            class="ui-tabs__tab"
            aria-selected={item.id === current}
            aria-controls={`view-${item.id}`}
            tabIndex={item.id === current ? 0 : -1}
            onClick={() => onSelect(item.id)}
          >
            <Icon of={item.icon} />
            <span>{item.label}</span>
          </button>
        ))}
      </div>
      {items.map(item => (
        <div
          key={item.id}
          role="tabpanel"
          id={`view-${item.id}`}
          class="ui-tabs__view"
          aria-labelledby={`tab-${item.id}`}
          hidden={item.id !== current}
        >
          {item.id === current && children(item.id)}
        </div>
      ))}
    </>
  );
}
