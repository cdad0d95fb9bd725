import { StringDecoder } from 'node:string_decoder';
import * as v from 'valibot';
import { printable } from '../base/remoteText.js';
import type { SshSession } from '../ssh/types.js';
import { type Follower, followDocker } from './docker.js';
import type { EngineApi } from './engineApi.js';
import { DockerFailure, reasonOf, stateOf } from './failures.js';

const MAX_LINE = 64 * 1024;
const MOST_LAYERS = 1000;
const progress = v.object({
  status: v.optional(v.string()),
  id: v.optional(v.string()),
  error: v.optional(v.string()),
});

/**
 * Pulls an image. Docker's own program does it where it is there: it knows with whom the user is logged in (`nvcr.io`), and
 * those secrets stay on the machine. Else the engine is asked, which gets what needs no login. What is printed is the same:
 * a line `<layer>: <what is done>` at a time.
 */
export async function pullImage(
  api: EngineApi,
  session: SshSession,
  image: string,
  { signal, onText }: Follower,
): Promise<void> {
  if (await api.hasProgram(session)) {
    const ending = await followDocker(session, ['pull', image], { signal, onText });
    if (ending.code !== 0) throw new DockerFailure(stateOf(ending), reasonOf(ending));
    return;
  }
  const lines = new PullLines(onText);
  const [, name = image, tag] = /^([^@]*?)(?::([^:/@]+))?$/.exec(image) ?? [];
  const query = { fromImage: name, ...(!image.includes('@') && { tag: tag ?? 'latest' }) };
  const decoder = new StringDecoder('utf8');
  const onChunk = (chunk: Buffer) => {
    lines.take(decoder.write(chunk));
  };
  await api.follow(session, { method: 'POST', path: '/images/create', query }, { signal, onChunk });
  if (lines.failure !== undefined) throw new DockerFailure('failed', lines.failure);
}

/** Makes lines of what `POST /images/create` answers: JSON, a value a line, many of them for one layer. */
class PullLines {
  /** The answer has begun well when a pull fails; this is what it then says. */
  failure: string | undefined;
  private rest = '';
  private readonly said = new Map<string, string>();

  constructor(private readonly onText: (text: string) => void) {}

  take(text: string): void {
    const lines = (this.rest + text).split('\n');
    this.rest = (lines.pop() ?? '').slice(0, MAX_LINE);
    for (const line of lines) {
      const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), progress), line);
      if (!parsed.success) continue;
      const { id = '', status = '', error } = parsed.output;
      if (error !== undefined) this.failure = printable(error, 300);
      else if (status !== '' && this.said.get(id) !== status) {
        // no image has so many layers
        if (this.said.size >= MOST_LAYERS) this.said.clear();
        this.said.set(id, status);
        this.onText(`${id === '' ? '' : `${printable(id, 100)}: `}${printable(status, 200)}\n`);
      }
    }
  }
}
