import { CircleAlert, Info, TriangleAlert, type LucideIcon } from 'lucide-preact';
import { type ComponentChildren } from 'preact';
import { Icon } from './icon.js';

/** What a view says when it has nothing to show: an icon, a sentence, and what can be done about it. */
export function EmptyState({ icon, text, children }: { icon: LucideIcon; text: string; children?: ComponentChildren }) {
  return (
    <div class="ui-empty">
      <Icon of={icon} size={40} />
      <p>{text}</p>
      {children}
    </div>
  );
}

const TONE_ICONS = { error: CircleAlert, warning: TriangleAlert, info: Info } as const;

interface BannerProps {
  tone: keyof typeof TONE_ICONS;
  message: string;
  hint?: string | undefined;
  /** Buttons. */
  children?: ComponentChildren;
}

/** Something that went wrong, or that the user must know, in the place where it belongs. */
export function Banner({ tone, message, hint, children }: BannerProps) {
  return (
    <div class={`ui-banner ui-banner--${tone}`} role={tone === 'error' ? 'alert' : 'status'}>
      <Icon of={TONE_ICONS[tone]} />
      <div class="ui-banner__text">
        <p>{message}</p>
        {hint && <p class="ui-banner__hint">{hint}</p>}
        {children && <div class="ui-actions">{children}</div>}
      </div>
    </div>
  );
}
