import { type LucideIcon } from 'lucide-preact';

/** A line-art icon, 2 px strokes; decoration only, so it needs a word beside it. `size` in pixels. */
export function Icon({ of: Drawing, size = 16 }: { of: LucideIcon; size?: number }) {
  return <Drawing size={size} strokeWidth={2} aria-hidden="true" class="ui-icon" />;
}
