import { type ComponentChildren } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { type ErrorInfo } from '../../src/shared/errors.js';
import { type JobDraft } from '../state/host.js';
import { usePanel } from '../state/context.js';
import {
  checkJobDraft,
  isJobField,
  JOB_FIELDS,
  type JobField,
  type JobFieldErrors,
  withConfig,
} from '../state/jobDraft.js';
import { Button } from '../ui/button.js';
import { Dropdown, RadioGroup } from '../ui/choice.js';
import { Disclosure } from '../ui/disclosure.js';
import { ProgressRing } from '../ui/marks.js';
import { Banner } from '../ui/messages.js';
import { TextField } from '../ui/textField.js';

const RUNNERS = [
  { value: 'process', label: 'On the Spark itself' },
  { value: 'container', label: 'In a container' },
] as const;
const IPC = [
  { value: 'yes', label: 'Shared with the Spark (--ipc=host)' },
  { value: 'no', label: 'Its own' },
] as const;

const MAIL = [
  { value: 'no', label: 'No' },
  { value: 'yes', label: 'Yes' },
] as const;
const WEBHOOK = [
  { value: 'no', label: 'No' },
  { value: 'editor', label: 'Posted by this computer' },
  { value: 'machine', label: 'Posted by the Spark, also while this computer is off' },
] as const;

function idOf(field: string): string {
  return `job-${field}`;
}

/** The form of a job, new or saved. Each field says what is wrong with it. */
export function JobForm() {
  const { store, jobs } = usePanel();
  const [errors, setErrors] = useState<JobFieldErrors>({});
  const [refusal, setRefusal] = useState<ErrorInfo | null>(null);
  const [saving, setSaving] = useState(false);
  const [template, setTemplate] = useState('');
  /** A press on a button takes the focus from a field; a complaint that came then would move the button away. */
  const pressing = useRef(false);
  const draft = store.jobDraft.value;
  if (!draft) return null;

  const change = (changes: Partial<JobDraft>) => {
    const next = { ...draft, ...changes };
    store.jobDraft.value = next;
    const checked = checkJobDraft(next);
    const left = 'errors' in checked ? checked.errors : {};
    setErrors(shown =>
      Object.fromEntries(
        Object.keys(shown).flatMap(name => (isJobField(name) && left[name] !== undefined ? [[name, left[name]]] : [])),
      ),
    );
  };
  const check = (field: JobField) => {
    if (pressing.current) return;
    const checked = checkJobDraft(draft);
    const complaint = 'errors' in checked ? checked.errors[field] : undefined;
    if (complaint !== undefined) setErrors(shown => ({ ...shown, [field]: complaint }));
  };
  const focusField = (field: JobField) => document.getElementById(idOf(field))?.focus();
  const send = async (thenStart: boolean) => {
    if (saving) return;
    setRefusal(null);
    const checked = checkJobDraft(draft);
    if ('errors' in checked) {
      setErrors(checked.errors);
      const first = JOB_FIELDS.find(field => checked.errors[field] !== undefined);
      if (first) focusField(first);
      return;
    }
    setErrors({});
    setSaving(true);
    const refused = await jobs.save(thenStart);
    if (!refused) return;
    setSaving(false);
    if (isJobField(refused.field)) {
      setErrors({ [refused.field]: [refused.message, refused.hint].filter(Boolean).join(' ') });
      focusField(refused.field);
    } else setRefusal(refused);
  };
  const field = (name: Exclude<JobField, 'after'>) => ({
    id: idOf(name),
    value: draft[name],
    error: errors[name],
    onInput: (value: string) => change({ [name]: value }),
    onBlur: () => check(name),
  });
  const connections = store.connections.value;
  const projects = store.projects.value.filter(({ connectionId }) => connectionId === draft.connectionId);
  const others = store.jobs.value.filter(
    ({ id, connectionId }) => id !== draft.jobId && connectionId === draft.connectionId,
  );
  const mayStart = connections.some(one => one.id === draft.connectionId && one.status.state === 'connected');
  const checkedNow = checkJobDraft(draft);

  return (
    <form
      class="card form"
      noValidate
      aria-labelledby="job-form-heading"
      onSubmit={event => {
        event.preventDefault();
        void send(mayStart);
      }}
      onPointerDown={event => {
        pressing.current = event.target instanceof Element && event.target.closest('vscode-button') !== null;
      }}
      onPointerUp={() => {
        pressing.current = false;
      }}
      onKeyDown={event => {
        if (event.key === 'Escape') jobs.closeForm();
      }}
    >
      <h2 id="job-form-heading">{draft.jobId === null ? 'New training job' : `Edit ${draft.name}`}</h2>
      {refusal && <Banner tone="error" message={refusal.message} hint={refusal.hint} />}
      {store.templates.value.length > 0 && draft.jobId === null && (
        <Choice label="Begin with">
          <Dropdown
            id={idOf('template')}
            label="Begin with a template"
            value={template}
            options={[
              { value: '', label: 'An empty form' },
              ...store.templates.value.map(({ name }) => ({ value: name, label: name })),
            ]}
            onChange={chosen => {
              setTemplate(chosen);
              const found = store.templates.value.find(({ name }) => name === chosen);
              if (found) change(withConfig(draft, found.config));
            }}
          />
        </Choice>
      )}
      <TextField label="Name" help="What it is called in the editor." {...field('name')} />
      {connections.length > 1 && draft.jobId === null && (
        <Choice label="Runs on">
          <Dropdown
            id={idOf('connection')}
            label="Runs on"
            value={draft.connectionId}
            options={connections.map(({ id, name }) => ({ value: id, label: name }))}
            onChange={connectionId => change({ connectionId, projectId: null, after: '' })}
          />
        </Choice>
      )}
      {projects.length > 0 && (
        <Choice label="Project">
          <Dropdown
            id={idOf('project')}
            label="Project"
            value={draft.projectId ?? ''}
            options={[
              { value: '', label: 'No project' },
              ...projects.map(({ id, name }) => ({ value: id, label: name })),
            ]}
            onChange={chosen => {
              const project = projects.find(({ id }) => id === chosen);
              change(project ? { projectId: project.id, folder: project.remotePath } : { projectId: null });
              if (project) jobs.fillFromProject(project.id);
            }}
          />
        </Choice>
      )}
      <TextField
        label="Command"
        help="What you would type in a terminal on the Spark; several lines are fine."
        code
        lines={4}
        {...field('command')}
      />
      <TextField label="Working folder" help="On the Spark: /path or ~/path." code {...field('folder')} />
      <TextField label="Model" help="For your own overview; may stay empty." {...field('modelName')} />
      <RadioGroup
        id={idOf('runner')}
        label="Run"
        value={draft.runner}
        options={RUNNERS}
        onChange={runner => change({ runner })}
      />
      {draft.runner === 'container' && (
        <>
          <TextField label="Image" help="Such as nvcr.io/nvidia/pytorch:25.11-py3." code {...field('image')} />
          <p class="job-note">The working folder is mounted as /workspace.</p>
          <TextField
            label="More volumes"
            help="One a line: /folder/on/the/spark:/folder/inside"
            code
            lines={2}
            {...field('volumes')}
          />
          <div class="form__pair">
            <TextField label="Published ports" help="One a line: 8888:8888" code lines={2} {...field('ports')} />
            <TextField label="Shared memory" code {...field('shmSize')} />
          </div>
          <RadioGroup
            id={idOf('ipc')}
            label="Inter-process memory"
            value={draft.ipcHost ? 'yes' : 'no'}
            options={IPC}
            onChange={answer => change({ ipcHost: answer === 'yes' })}
          />
        </>
      )}
      <Disclosure label="Environment and secrets" open={draft.env !== '' || draft.secrets !== ''}>
        <TextField label="Variables" help="NAME=value, one a line." code lines={3} {...field('env')} />
        <TextField
          label="Secret variables"
          help="Names only, such as HF_TOKEN. Their values are asked for at the start and kept in the keychain."
          code
          {...field('secrets')}
        />
      </Disclosure>
      <Disclosure
        label="GPUs, memory, time limit and order"
        open={draft.gpus !== 'all' || draft.memory !== '' || draft.timeLimit !== '' || draft.after !== ''}
      >
        <TextField label="GPUs" help="all, none, or indices such as 0,1." code {...field('gpus')} />
        <TextField
          label="Memory it needs in GB"
          help="You are told before the start when there is less. Empty: what its last run used counts."
          {...field('memory')}
        />
        <TextField
          label="Time limit in minutes"
          help="It is ended then; empty for no limit."
          inputMode="numeric"
          {...field('timeLimit')}
        />
        <Choice label="Start after" error={errors.after}>
          <Dropdown
            id={idOf('after')}
            label="Start after"
            value={draft.after}
            options={[
              { value: '', label: 'No other job' },
              ...others.map(({ id, name }) => ({ value: id, label: name })),
            ]}
            onChange={after => change({ after })}
          />
        </Choice>
      </Disclosure>
      <Disclosure label="Told when it ends" open={draft.mail !== 'no' || draft.webhook !== 'no'}>
        <p class="job-note">
          The editor tells you in any case, the next time it is open. Mail is set up in the settings; the webhook by the
          command "Set Webhook...".
        </p>
        <Choice label="E-mail with the end of its log">
          <Dropdown
            id={idOf('mail')}
            label="E-mail"
            value={draft.mail}
            options={MAIL}
            onChange={mail => change({ mail })}
          />
        </Choice>
        <Choice label="Webhook">
          <Dropdown
            id={idOf('webhook')}
            label="Webhook"
            value={draft.webhook}
            options={WEBHOOK}
            onChange={webhook => change({ webhook })}
          />
        </Choice>
        {draft.webhook === 'machine' && (
          <p class="job-note">
            Its address is kept in the job's folder on the Spark, for you alone, until the job has ended.
          </p>
        )}
      </Disclosure>
      {'data' in checkedNow && (
        <Disclosure label="As JSON" open={false}>
          <pre class="job-json" tabIndex={0} aria-label="The job as JSON">
            {JSON.stringify(checkedNow.data.config, null, 2)}
          </pre>
        </Disclosure>
      )}
      <div class="form__actions">
        {mayStart && (
          <Button kind="primary" submit disabled={saving}>
            Save and start
          </Button>
        )}
        <Button
          kind={mayStart ? 'secondary' : 'primary'}
          submit={!mayStart}
          disabled={saving}
          {...(mayStart ? { onClick: () => void send(false) } : {})}
        >
          Save
        </Button>
        <Button onClick={() => jobs.closeForm()}>Cancel</Button>
        {'data' in checkedNow && (
          <Button onClick={() => jobs.saveTemplate({ name: checkedNow.data.name, config: checkedNow.data.config })}>
            Save as template
          </Button>
        )}
        {saving && <ProgressRing />}
      </div>
    </form>
  );
}

/** A labelled list, with what is wrong with it. */
function Choice({
  label,
  error,
  children,
}: {
  label: string;
  error?: string | undefined;
  children: ComponentChildren;
}) {
  return (
    <div class="job-choice">
      <span aria-hidden="true">{label}</span>
      {children}
      {error !== undefined && <span class="job-choice__error">{error}</span>}
    </div>
  );
}
