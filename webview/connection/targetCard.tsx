import { Monitor, Server } from 'lucide-preact';
import { useEffect, useState } from 'preact/hooks';
import { type EndpointHealth, type OllamaHealth, type OllamaTarget } from '../../src/shared/ollama.js';
import { usePanel } from '../state/context.js';
import { healthWords } from '../text/ollama.js';
import { RadioGroup, type Option } from '../ui/choice.js';
import { Icon } from '../ui/icon.js';

const TARGETS: readonly Option<OllamaTarget>[] = [
  { value: 'auto', label: 'Automatic' },
  { value: 'local', label: 'This computer' },
  { value: 'dgx', label: 'DGX Spark' },
];

/** While it is seen the health is asked for this often. */
const LOOK_EVERY_MS = 5_000;

/** Which Ollama tools use, and how both do. */
export function TargetCard() {
  const { store, actions } = usePanel();
  const state = store.state.value;
  const [health, setHealth] = useState<EndpointHealth | null>(null);
  const endpoint = state?.snapshot.endpoint;
  // what is connected or switched shows at once, the rest soon
  useEffect(() => {
    let isGone = false;
    const look = async () => {
      const answer = await actions.health();
      if (!isGone && answer) setHealth(answer);
    };
    void look();
    const timer = setInterval(() => void look(), LOOK_EVERY_MS);
    return () => {
      isGone = true;
      clearInterval(timer);
    };
  }, [endpoint?.url, state?.engineUp]);
  if (!state || !endpoint) return null;
  return (
    <div class="card target">
      <RadioGroup
        id="ollama-target"
        label="Tools use the Ollama of"
        value={state.target}
        options={TARGETS}
        onChange={target => actions.selectTarget(target)}
      />
      <ul class="target__list">
        <Place icon={Monitor} name="This computer" health={health?.local ?? null} inUse={endpoint.source === 'local'} />
        <Place
          icon={Server}
          name={health?.dgx?.connectionName ?? 'DGX Spark'}
          health={health?.dgx ?? null}
          inUse={endpoint.source === 'dgx'}
          absent={health !== null && health.dgx === null}
        />
      </ul>
    </div>
  );
}

interface PlaceProps {
  icon: typeof Server;
  name: string;
  health: OllamaHealth | null;
  inUse: boolean;
  /** No connection is active. */
  absent?: boolean;
}

function Place({ icon, name, health, inUse, absent = false }: PlaceProps) {
  const words = health ? healthWords(health) : absent ? 'no Spark is active' : '…';
  return (
    <li class="target__place" data-in-use={inUse} data-state={health?.state ?? 'off'}>
      <Icon of={icon} size={16} />
      <span class="target__name" title={name}>
        {name}
      </span>
      {inUse && <span class="target__mark">in use</span>}
      <span class="target__health secondary" title={health?.problem}>
        {words}
      </span>
    </li>
  );
}
