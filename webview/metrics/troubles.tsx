import { type Trouble } from '../../src/shared/metrics.js';
import { Banner } from '../ui/messages.js';

const ORDER = { error: 0, warning: 1, info: 2 } as const;

/** What is wrong with the machine now, the worst first. */
export function Troubles({ troubles }: { troubles: readonly Trouble[] }) {
  const sorted = [...troubles].sort((a, b) => ORDER[a.severity] - ORDER[b.severity]);
  return (
    <>
      {sorted.map(({ id, gpuIndex, severity, message, hint }) => (
        <Banner key={`${id} ${gpuIndex ?? ''}`} tone={severity} message={message} hint={hint} />
      ))}
    </>
  );
}
