import { FolderOpen } from 'lucide-preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { type ErrorInfo } from '../../src/shared/errors.js';
import { usePanel } from '../state/context.js';
import { FIELDS, checkDraft, isField, type Field, type FieldErrors } from '../state/draft.js';
import { type Draft } from '../state/host.js';
import { Button } from '../ui/button.js';
import { RadioGroup, type Option } from '../ui/choice.js';
import { ProgressRing } from '../ui/marks.js';
import { Disclosure } from '../ui/disclosure.js';
import { Banner } from '../ui/messages.js';
import { TextField } from '../ui/textField.js';

const METHODS: readonly Option<Draft['authMethod']>[] = [
  { value: 'auto', label: 'Automatic' },
  { value: 'key', label: 'Private key' },
  { value: 'password', label: 'Password' },
];

const ASIDES = {
  auto: 'As "ssh" does: your SSH agent, the keys of your SSH config and of ~/.ssh, then whatever the Spark asks for.',
  password:
    'You are asked for the password when you connect. It is kept only if you say so then, in the keychain of this computer.',
} as const;

const idOf = (field: Field) => `field-${field}`;

function focusField(field: Field): void {
  const element = document.getElementById(idOf(field));
  // what is folded away cannot take the focus, and nobody would see what is wrong with it
  const fold = element?.closest('details');
  if (fold) fold.open = true;
  element?.focus();
}

/** Adds a connection or changes a saved one. What is wrong is said at each field, once it was left or sent. */
export function ConnectionForm() {
  const { store, actions } = usePanel();
  const draft = store.draft.value;
  const [errors, setErrors] = useState<FieldErrors>({});
  const [refusal, setRefusal] = useState<ErrorInfo | null>(null);
  const [saving, setSaving] = useState(false);
  // a complaint that appears between press and release would move the button away from under the pointer
  const pressing = useRef(false);
  useEffect(() => focusField('name'), []);
  if (!draft) return null;

  const saved = store.connections.value.find(connection => connection.id === draft.connectionId);
  const mayConnect = saved === undefined || saved.status.state === 'disconnected' || saved.status.state === 'error';

  const change = (changes: Partial<Draft>) => {
    const current = store.draft.value;
    // what comes late, such as the answer of a file dialog, does not open a form again that was closed
    if (current?.connectionId !== draft.connectionId) return;
    const next = { ...current, ...changes };
    store.draft.value = next;
    // a complaint goes away as soon as it is met, and never comes while typing
    const checked = checkDraft(next);
    const left = 'errors' in checked ? checked.errors : {};
    setErrors(shown => {
      const remaining: FieldErrors = {};
      for (const field of FIELDS) {
        if (shown[field] !== undefined && !(field in changes && left[field] === undefined))
          remaining[field] = left[field] ?? shown[field];
      }
      return remaining;
    });
  };
  const check = (field: Field) => {
    if (pressing.current) return;
    const checked = checkDraft(draft);
    const complaint = 'errors' in checked ? checked.errors[field] : undefined;
    if (complaint !== undefined) setErrors(shown => ({ ...shown, [field]: complaint }));
  };
  const send = async (thenConnect: boolean) => {
    if (saving) return;
    setRefusal(null);
    const checked = checkDraft(draft);
    if ('errors' in checked) {
      setErrors(checked.errors);
      const first = FIELDS.find(field => checked.errors[field] !== undefined);
      if (first) focusField(first);
      return;
    }
    setErrors({});
    setSaving(true);
    const refused = await actions.save(thenConnect);
    if (!refused) return;
    setSaving(false);
    if (isField(refused.field)) {
      setErrors({ [refused.field]: [refused.message, refused.hint].filter(Boolean).join(' ') });
      focusField(refused.field);
    } else setRefusal(refused);
  };
  const browse = async () => {
    const path = await actions.pickKeyFile();
    if (path !== null) change({ sshKeyPath: path });
    focusField('sshKeyPath');
  };
  const field = (name: Exclude<Field, 'authMethod'>) => ({
    id: idOf(name),
    value: draft[name],
    error: errors[name],
    onInput: (value: string) => change({ [name]: value }),
    onBlur: () => check(name),
  });

  return (
    <form
      class="card form"
      noValidate
      aria-labelledby="form-heading"
      onSubmit={event => {
        event.preventDefault();
        void send(mayConnect);
      }}
      onPointerDown={event => {
        pressing.current = event.target instanceof Element && event.target.closest('vscode-button') !== null;
      }}
      onPointerUp={() => {
        pressing.current = false;
      }}
      onKeyDown={event => {
        if (event.key === 'Escape') actions.closeForm(draft.connectionId ?? 'new');
      }}
    >
      <h2 id="form-heading">{draft.connectionId === null ? 'New connection' : `Edit ${saved?.name ?? draft.name}`}</h2>
      {refusal && <Banner tone="error" message={refusal.message} hint={refusal.hint} />}
      <TextField label="Name" help="What it is called in the editor." {...field('name')} />
      {draft.sshConfigHost === null ? (
        <>
          <div class="form__pair">
            <TextField label="Host" help="Host name or IP address." code {...field('hostname')} />
            <TextField label="Port" code inputMode="numeric" {...field('port')} />
          </div>
          <TextField label="User" help="Your user name on the Spark." code {...field('username')} />
          <RadioGroup
            id={idOf('authMethod')}
            label="Log in with"
            value={draft.authMethod}
            options={METHODS}
            onChange={authMethod => change({ authMethod })}
          />
          {draft.authMethod === 'key' ? (
            <TextField
              label="Private key file"
              help={
                saved?.keyStored
                  ? 'Kept in the keychain of this computer; choose a file to use that instead.'
                  : 'A file on this computer, such as ~/.ssh/id_ed25519.'
              }
              code
              {...field('sshKeyPath')}
            >
              <Button icon={FolderOpen} label="Browse for the private key file" onClick={() => void browse()}>
                Browse
              </Button>
            </TextField>
          ) : (
            <p class="form__aside">{ASIDES[draft.authMethod]}</p>
          )}
        </>
      ) : (
        <Banner
          tone="info"
          message={`Follows "Host ${draft.sshConfigHost}" of your SSH config.`}
          hint="Address, user, port and keys are read from there at each login."
        >
          <Button onClick={() => change({ sshConfigHost: null })}>Use my own values</Button>
        </Banner>
      )}
      <Disclosure label="Other ways to reach it" open={draft.proxyJump !== '' || draft.addresses !== ''}>
        <TextField
          label="Jump hosts"
          help="user@host:port, several separated by commas. Empty: as your SSH config says."
          code
          {...field('proxyJump')}
        />
        <TextField
          label="Other addresses"
          help="One a line, such as 10.0.0.7, spark.tailnet.ts.net:2222 or spark via me@gateway. The quickest is taken."
          code
          lines={3}
          {...field('addresses')}
        />
      </Disclosure>
      <Disclosure label="Ollama on the Spark" open={draft.ollamaHost !== '' || draft.ollamaPort !== ''}>
        <div class="form__pair">
          <TextField
            label="Host of Ollama"
            help="As seen from the Spark, where it is not on localhost: a container, another machine."
            code
            {...field('ollamaHost')}
          />
          <TextField label="Port of Ollama" code inputMode="numeric" {...field('ollamaPort')} />
        </div>
      </Disclosure>
      <div class="form__actions">
        {mayConnect && (
          <Button kind="primary" submit disabled={saving}>
            Save and connect
          </Button>
        )}
        <Button
          kind={mayConnect ? 'secondary' : 'primary'}
          submit={!mayConnect}
          disabled={saving}
          {...(mayConnect ? { onClick: () => void send(false) } : {})}
        >
          Save
        </Button>
        <Button onClick={() => actions.closeForm(draft.connectionId ?? 'new')}>Cancel</Button>
        {saving && <ProgressRing />}
      </div>
    </form>
  );
}
