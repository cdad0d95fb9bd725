import type { chainRequests } from '../../shared/chains.js';
import type { Handlers } from '../../shared/peer.js';
import type { ChainService } from '../chains/chainService.js';
import type { Ask } from './questions.js';

/** What the engine does for requests about chains. */
export function chainHandlers(chains: ChainService, ask: () => Ask): Handlers<typeof chainRequests> {
  return {
    'chains/start': async (params, signal) => await chains.start(params, ask(), signal),
    'chains/wait': async ({ runId }) => await chains.wait(runId),
    'chains/cancel': async ({ runId }) => {
      await chains.cancel(runId);
      return null;
    },
    'chains/live': () => chains.live(),
    'chains/runs': async ({ path }) => await chains.runs(path),
    'chains/rows': async params => await chains.rows(params),
    'chains/cell': async params => await chains.cell(params),
    'chains/export': async params => await chains.export(params),
    'chains/models': async ({ endpoint }, signal) => await chains.models(endpoint, signal),
    'chains/pull': async ({ endpoint, model }, signal) => {
      await chains.pull(endpoint, model, signal);
      return null;
    },
  };
}
