import { FolderSearch } from 'lucide-preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { type ErrorInfo } from '../../src/shared/errors.js';
import { PROJECT_STATUSES, PROJECT_TYPES } from '../../src/shared/projects.js';
import { usePanel } from '../state/context.js';
import { type ProjectDraft } from '../state/host.js';
import {
  PROJECT_FIELDS,
  checkProjectDraft,
  isProjectField,
  type ProjectField,
  type ProjectFieldErrors,
} from '../state/projectDraft.js';
import { Button } from '../ui/button.js';
import { Dropdown, RadioGroup } from '../ui/choice.js';
import { ProgressRing } from '../ui/marks.js';
import { Banner } from '../ui/messages.js';
import { TextField } from '../ui/textField.js';

const STATUS_OPTIONS = PROJECT_STATUSES.map(value => ({
  value,
  label: value.charAt(0).toUpperCase() + value.slice(1),
}));

const idOf = (field: ProjectField) => `project-field-${field}`;

function focusField(field: ProjectField): void {
  document.getElementById(idOf(field))?.focus();
}

/** Adds a project or changes a saved one. What is wrong is said at each field, once it was left or sent. */
export function ProjectForm() {
  const { store, projects } = usePanel();
  const draft = store.projectDraft.value;
  const [errors, setErrors] = useState<ProjectFieldErrors>({});
  const [refusal, setRefusal] = useState<ErrorInfo | null>(null);
  const [saving, setSaving] = useState(false);
  // a complaint that appears between press and release would move the button away from under the pointer
  const pressing = useRef(false);
  useEffect(() => focusField('name'), []);
  if (!draft) return null;

  const saved = store.projects.value.find(project => project.id === draft.projectId);
  const connections = store.connections.value;
  const connection = connections.find(({ id }) => id === draft.connectionId);
  const types = [...new Set([...PROJECT_TYPES, ...(draft.projectType === '' ? [] : [draft.projectType])])];
  const cancel = () => projects.closeForm(draft.projectId ?? 'new');

  const change = (changes: Partial<ProjectDraft>) => {
    const current = store.projectDraft.value;
    // what comes late, such as the answer of a dialog, does not open a form again that was closed
    if (current?.projectId !== draft.projectId) return;
    const next = { ...current, ...changes };
    store.projectDraft.value = next;
    const checked = checkProjectDraft(next);
    const left = 'errors' in checked ? checked.errors : {};
    setErrors(shown => {
      const remaining: ProjectFieldErrors = {};
      for (const field of PROJECT_FIELDS) {
        if (shown[field] !== undefined && !(field in changes && left[field] === undefined))
          remaining[field] = left[field] ?? shown[field];
      }
      return remaining;
    });
  };
  const check = (field: ProjectField) => {
    if (pressing.current) return;
    const checked = checkProjectDraft(draft);
    const complaint = 'errors' in checked ? checked.errors[field] : undefined;
    if (complaint !== undefined) setErrors(shown => ({ ...shown, [field]: complaint }));
  };
  const send = async () => {
    if (saving) return;
    setRefusal(null);
    const checked = checkProjectDraft(draft);
    if ('errors' in checked) {
      setErrors(checked.errors);
      const first = PROJECT_FIELDS.find(field => checked.errors[field] !== undefined);
      if (first) focusField(first);
      return;
    }
    setErrors({});
    setSaving(true);
    const refused = await projects.save();
    if (!refused) return;
    setSaving(false);
    if (isProjectField(refused.field)) {
      setErrors({ [refused.field]: [refused.message, refused.hint].filter(Boolean).join(' ') });
      focusField(refused.field);
    } else setRefusal(refused);
  };
  const browse = async () => {
    const path = await projects.pickFolder(draft.connectionId, draft.remotePath);
    if (path !== null) {
      const name = path.slice(path.lastIndexOf('/') + 1);
      change({ remotePath: path, ...(store.projectDraft.value?.name === '' && name !== '' ? { name } : {}) });
    }
    focusField('remotePath');
  };
  const field = (name: 'name' | 'remotePath' | 'description') => ({
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
      aria-labelledby="project-form-heading"
      onSubmit={event => {
        event.preventDefault();
        void send();
      }}
      onPointerDown={event => {
        pressing.current = event.target instanceof Element && event.target.closest('vscode-button') !== null;
      }}
      onPointerUp={() => {
        pressing.current = false;
      }}
      onKeyDown={event => {
        if (event.key === 'Escape') cancel();
      }}
    >
      <h2 id="project-form-heading">
        {draft.projectId === null ? 'New project' : `Edit ${saved?.name ?? draft.name}`}
      </h2>
      {refusal && <Banner tone="error" message={refusal.message} hint={refusal.hint} />}
      <TextField label="Name" help="What it is called in the editor." {...field('name')} />
      {connections.length > 1 && draft.projectId === null && (
        <div class="ui-field">
          <p class="form__label">Spark</p>
          <Dropdown
            id={idOf('connectionId')}
            label="Spark"
            value={draft.connectionId}
            options={connections.map(({ id, name }) => ({ value: id, label: name }))}
            onChange={connectionId => change({ connectionId })}
          />
        </div>
      )}
      <TextField
        label="Folder on the Spark"
        help={
          connection?.status.state === 'connected'
            ? 'An absolute path, or one below your home folder: ~/projects/llama.'
            : 'An absolute path, or one below your home folder. Connect to browse for it.'
        }
        code
        {...field('remotePath')}
      >
        <Button
          icon={FolderSearch}
          label="Browse for the folder on the Spark"
          disabled={connection?.status.state !== 'connected'}
          onClick={() => void browse()}
        >
          Browse
        </Button>
      </TextField>
      <div class="form__pair form__pair--even">
        <div class="ui-field">
          <p class="form__label">Type</p>
          <Dropdown
            id={idOf('projectType')}
            label="Type"
            value={draft.projectType === '' ? 'Other' : draft.projectType}
            options={types.map(type => ({ value: type, label: type }))}
            onChange={projectType => change({ projectType })}
          />
        </div>
      </div>
      <RadioGroup
        id={idOf('status')}
        label="Status"
        value={draft.status}
        options={STATUS_OPTIONS}
        onChange={status => change({ status })}
      />
      <TextField label="Description" lines={3} {...field('description')} />
      <div class="form__actions">
        <Button kind="primary" submit disabled={saving}>
          Save
        </Button>
        <Button onClick={cancel}>Cancel</Button>
        {saving && <ProgressRing />}
      </div>
    </form>
  );
}
