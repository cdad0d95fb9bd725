import { type LucideIcon } from 'lucide-preact';
import { h, type ComponentChildren } from 'preact';
import { Icon } from './icon.js';

export interface ButtonProps {
  kind?: 'primary' | 'secondary';
  icon?: LucideIcon;
  /** The accessible name, where the visible words alone do not say which thing is meant. */
  label?: string;
  disabled?: boolean;
  /** Sends the form that it stands in. */
  submit?: boolean;
  id?: string;
  onClick?: () => void;
  children: ComponentChildren;
}

/** A button with words. */
export function Button({
  kind = 'secondary',
  icon,
  label,
  submit,
  // always said: an element that is used again for another button takes a missing word for a yes
  disabled = false,
  children,
  ...rest
}: ButtonProps) {
  return h(
    'vscode-button',
    {
      ...{ appearance: kind, type: submit ? 'submit' : 'button', 'aria-label': label, class: 'ui-button' },
      ...{ disabled, ...rest },
    },
    icon && (
      <span slot="start" class="ui-button__icon">
        <Icon of={icon} />
      </span>
    ),
    children,
  );
}

export interface IconButtonProps {
  icon: LucideIcon;
  /** Accessible name and tooltip. */
  label: string;
  /** Turns red under the pointer: what it does cannot be taken back. */
  danger?: boolean;
  onClick: () => void;
}

/** A button that is only an icon. */
export function IconButton({ icon, label, danger, onClick }: IconButtonProps) {
  return h(
    'vscode-button',
    {
      appearance: 'icon',
      type: 'button',
      'aria-label': label,
      title: label,
      class: danger ? 'ui-icon-button ui-icon-button--danger' : 'ui-icon-button',
      onClick,
    },
    <Icon of={icon} />,
  );
}
