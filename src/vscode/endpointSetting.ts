import { LOCAL_OLLAMA_URL } from './contributionData.js';
import { onDidChangeSettings, readSetting, writeSetting } from './contributions.js';
import { together, type Disposable } from './emitter.js';
import type { EngineClient } from './engineClient.js';
import { EndpointPublisher } from './endpointPublisher.js';
import type { LogLevel } from './log.js';

/** Keeps `dgxSpark.ollama.endpoint` true, from one window for all. */
export function followEndpoint(client: EngineClient, log: (level: LogLevel, message: string) => void): Disposable {
  const publisher = new EndpointPublisher(
    () => trueEndpoint(client),
    {
      read: () => readSetting('ollama.endpoint'),
      write: async url => {
        await writeSetting('ollama.endpoint', url);
      },
    },
    message => {
      log('warn', message);
    },
  );
  const publish = () => void publisher.publish();
  return together(client.onDidChange(publish), onDidChangeSettings(['ollama.endpoint'], publish));
}

/**
 * The endpoint as far as this window may say: the leader says what the engine says. Where no engine runs there is no
 * tunnel either, and every window says the same.
 */
function trueEndpoint({ status, isLeader, snapshot }: EngineClient): string | undefined {
  switch (status.state) {
    case 'up':
      return isLeader ? snapshot.endpoint.url : undefined;
    case 'none':
      return LOCAL_OLLAMA_URL;
    case 'down':
      // a newer engine that does not speak with this window may well have its tunnel up
      return status.error.code === 'engineOutdated' ? undefined : LOCAL_OLLAMA_URL;
    case 'starting':
      return undefined;
  }
}
