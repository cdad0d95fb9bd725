import * as v from 'valibot';
import * as vscode from 'vscode';
import { containerRefSchema, containerRunSchema, imageRefSchema, type ContainerRun } from '../../shared/containers.js';
import { asContainerRow } from '../containers/containerRows.js';
import { PullLayers } from '../containers/containerWords.js';
import { followLogs } from '../containers/logTerminal.js';
import { COMMANDS } from '../contributionData.js';
import { registerCommand } from '../contributions.js';
import { withoutIcons, withoutLinks } from '../plainText.js';
import { onMachine, type ContainerServices } from './aboutContainer.js';
import { checked, checkedId } from './arguments.js';

const SAID_FOR_MS = 4000;
const NEVER = new AbortController().signal;

/** What NVIDIA's playbooks for the Spark use. The tags are examples: the user edits them. */
const IMAGES: readonly { readonly image: string; readonly about: string }[] = [
  { image: 'nvcr.io/nvidia/pytorch:25.09-py3', about: 'PyTorch' },
  { image: 'nvcr.io/nvidia/vllm:25.09-py3', about: 'vLLM' },
  { image: 'nvcr.io/nvidia/tensorrt-llm/release:1.1.0rc3', about: 'TensorRT-LLM' },
  { image: 'nvcr.io/nvidia/cuda:13.0.1-devel-ubuntu24.04', about: 'CUDA' },
  { image: 'lmsysorg/sglang:spark', about: 'SGLang' },
  { image: 'ghcr.io/open-webui/open-webui:ollama', about: 'Open WebUI with Ollama' },
];

/** Images of a machine, and containers made from them. */
export function registerImageCommands(services: ContainerServices): vscode.Disposable {
  const { client } = services;
  const isArgument = (first: unknown) => first !== undefined && first !== null && !asContainerRow(first);
  const remove = async (connectionId: string, image: string) => {
    await client.request('containers/removeImage', { connectionId, image });
  };
  return vscode.Disposable.from(
    registerCommand(COMMANDS.pullImage, async (first, image) => {
      if (isArgument(first)) {
        const asked = { connectionId: checkedId(first), image: checked(imageRefSchema, image) };
        await client.printing('containers/pull', asked, () => undefined, NEVER);
        return;
      }
      await onMachine(services, first, 'Pull Image', async connectionId => {
        const chosen = await pickImage(services, connectionId, 'Pull Image', false);
        if (chosen === undefined) return;
        await pull(services, connectionId, chosen);
        vscode.window.setStatusBarMessage(`${chosen} is on the Spark`, SAID_FOR_MS);
      });
    }),

    registerCommand(COMMANDS.removeImage, async (first, image) => {
      if (isArgument(first)) {
        await remove(checkedId(first), checked(imageRefSchema, image));
        return;
      }
      const row = asContainerRow(first);
      await onMachine(services, first, 'Remove Image', async connectionId => {
        const chosen =
          row?.kind === 'image'
            ? (row.image ?? row.imageId)
            : await pickImage(services, connectionId, 'Remove Image', true);
        if (chosen === undefined) return;
        const message = withoutLinks(`Remove the image ${chosen}?`);
        const detail = 'To have it again it must be pulled again. An image that a container uses is not removed.';
        if ((await vscode.window.showWarningMessage(message, { modal: true, detail }, 'Remove')) === 'Remove')
          await remove(connectionId, chosen);
      });
    }),

    registerCommand(COMMANDS.pruneImages, async first => {
      const prune = async (connectionId: string) => await client.request('containers/pruneImages', { connectionId });
      if (isArgument(first)) return await prune(checkedId(first));
      return await onMachine(services, first, 'Clean Up Images', async connectionId => {
        const message = 'Delete the images that have no name any more and that no container uses?';
        if ((await vscode.window.showWarningMessage(message, { modal: true }, 'Delete')) !== 'Delete') return undefined;
        const said = await prune(connectionId);
        void vscode.window.showInformationMessage(withoutLinks(said === '' ? 'Nothing was left over.' : said));
        return said;
      });
    }),

    registerCommand(COMMANDS.runContainer, async (first, run) => {
      const start = async (connectionId: string, data: ContainerRun) =>
        (await client.request('containers/run', { connectionId, run: data })).containerId;
      if (isArgument(first)) return await start(checkedId(first), checked(containerRunSchema, run));
      const row = asContainerRow(first);
      return await onMachine(services, first, 'Run Container', async connectionId => {
        const image =
          row?.kind === 'image'
            ? (row.image ?? row.imageId)
            : await pickImage(services, connectionId, 'Run Container', false);
        const data = image === undefined ? undefined : await askRun(image);
        if (!data) return undefined;
        const images = await client.request('containers/images', { connectionId });
        const isThere = images.some(({ id, name }) => id === data.image || name === withTag(data.image));
        if (!isThere) await pull(services, connectionId, data.image);
        const containerId = await start(connectionId, data);
        void offerLogs(services, connectionId, containerId, data.name ?? data.image);
        return containerId;
      });
    }),
  );
}

/** Pulls with a notification that shows how far it is and cancels it. */
async function pull({ client }: ContainerServices, connectionId: string, image: string): Promise<void> {
  const place = client.connection(connectionId)?.name ?? 'the Spark';
  const title = withoutLinks(`Pulling ${image} to ${place}`);
  await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title, cancellable: true },
    async (progress, token) => {
      const stop = new AbortController();
      const listening = token.onCancellationRequested(() => {
        stop.abort();
      });
      const layers = new PullLayers();
      let shown = 0;
      const onText = (text: string) => {
        const { done, all } = layers.take(text);
        if (all === 0) return;
        const now = (done / all) * 100;
        progress.report({ message: `${done} of ${all} layers`, increment: Math.max(0, now - shown) });
        shown = Math.max(shown, now);
      };
      try {
        await client.printing('containers/pull', { connectionId, image }, onText, stop.signal);
      } finally {
        listening.dispose();
      }
    },
  );
}

/** An image that is there, one that NVIDIA's playbooks use, or any other that is typed. */
async function pickImage(
  { containers }: ContainerServices,
  connectionId: string,
  title: string,
  onlyThere: boolean,
): Promise<string | undefined> {
  const there = (await containers.readImages(connectionId)).flatMap(({ name, size }) =>
    name === null ? [] : [{ label: withoutIcons(name), description: withoutIcons(size), image: name }],
  );
  if (onlyThere) return (await vscode.window.showQuickPick(there, { title, placeHolder: 'Choose an image' }))?.image;
  const heading = (label: string) => ({ label, kind: vscode.QuickPickItemKind.Separator, image: undefined });
  const known = IMAGES.map(({ image, about }) => ({ label: image, description: about, image }));
  const items = [
    ...[{ label: '$(edit) Another Image...', image: undefined }],
    ...(there.length > 0 ? [heading('On the Spark'), ...there] : []),
    ...[heading('Often used on a Spark'), ...known],
  ];
  const chosen = await vscode.window.showQuickPick(items, {
    title,
    placeHolder: 'Choose an image',
    matchOnDescription: true,
  });
  if (!chosen) return undefined;
  const isThere = there.some(({ image }) => image === chosen.image);
  // the tag of a known one may be old: it can be edited
  return isThere
    ? chosen.image
    : await ask(imageRefSchema, { title, prompt: 'Image, with its tag', value: chosen.image });
}

const nameSchema = v.union([v.literal(''), containerRefSchema], 'Use letters, digits, "_", "." and "-".');
const portsSchema = v.pipe(
  v.string(),
  v.regex(/^\s*(\d{1,5}(:\d{1,5})?(\s*,\s*|\s*$))*$/, 'Use ports such as 8888 or 8080:80, with commas between them.'),
);
const volumeSchema = v.pipe(
  v.string(),
  v.regex(/^(|\/[^:]*:\/[^:]*)$/, 'Use folder:folder, such as /home/me/work:/workspace.'),
);
const OPTIONS = [
  { label: 'All GPUs', description: '--gpus=all, no limit on locked memory', key: 'gpus', picked: true },
  {
    label: 'Shared memory of the Spark',
    description: '--ipc=host, for data loaders and NCCL',
    key: 'ipcHost',
    picked: true,
  },
] as const;

/** Asks, with NVIDIA's usual choices made already. */
async function askRun(image: string): Promise<ContainerRun | undefined> {
  const title = `Run ${withoutIcons(image)}`;
  const picked = await vscode.window.showQuickPick([...OPTIONS], {
    ...{ title, canPickMany: true, placeHolder: 'What the container may use' },
  });
  if (!picked) return undefined;
  const keys = new Set<string>(picked.map(({ key }) => key));
  const ipcHost = keys.has('ipcHost');
  const sizeSchema = v.pipe(v.string(), v.regex(/^(|\d{1,6}[bkmg]?)$/i, 'Use a size, such as 16g.'));
  const shm = ipcHost
    ? ''
    : await ask(sizeSchema, { title, prompt: 'Shared memory of its own; empty for 64m', value: '16g' });
  if (shm === undefined) return undefined;
  const name = await ask(nameSchema, { title, prompt: 'Name; empty for one that Docker makes up' });
  if (name === undefined) return undefined;
  const ports = await ask(portsSchema, { title, prompt: 'Ports, as port or port:port in the container; may be empty' });
  if (ports === undefined) return undefined;
  const volume = await ask(volumeSchema, {
    title,
    prompt: 'Folder of the Spark:folder in the container; may be empty',
  });
  if (volume === undefined) return undefined;
  const command = await ask(v.string(), { title, prompt: 'Command, run by sh; empty for the one of the image' });
  if (command === undefined) return undefined;
  const [source = '', target = ''] = volume.split(':');
  return {
    ...{ image, gpus: keys.has('gpus'), ipcHost },
    ...(shm !== '' && { shmSize: shm }),
    ...(name !== '' && { name }),
    ports: ports
      .split(',')
      .filter(text => text.trim() !== '')
      .map(text => text.trim().split(':').map(Number))
      .map(([host = 0, inside = host]) => ({ host, container: inside })),
    volumes: volume === '' ? [] : [{ source, target }],
    command: command.trim() === '' ? [] : ['sh', '-c', command],
  };
}

/** One line of text, checked while it is typed. */
async function ask(
  schema: v.GenericSchema<string>,
  options: { title: string; prompt: string; value?: string | undefined },
): Promise<string | undefined> {
  const { title, prompt, value = '' } = options;
  const entered = await vscode.window.showInputBox({
    ...{ title, prompt, value, ignoreFocusOut: true },
    validateInput: typed => {
      const result = v.safeParse(schema, typed);
      return result.success ? undefined : result.issues[0].message;
    },
  });
  return entered === undefined ? undefined : entered.trim();
}

async function offerLogs(
  { client }: ContainerServices,
  connectionId: string,
  containerId: string,
  name: string,
): Promise<void> {
  const show = 'Show Logs';
  const chosen = await vscode.window.showInformationMessage(withoutLinks(`${name} was started.`), show);
  if (chosen === show) followLogs(client, { connectionId, container: containerId, name });
}

/** A name without a tag means `:latest`. */
function withTag(image: string): string {
  return /:[^/]*$/.test(image) ? image : `${image}:latest`;
}
