import { type Alert } from '../../src/shared/alerts.js';
import { minute } from '../state/clock.js';
import { fullDate, span, timeAgo } from '../text/time.js';

/** More are not drawn. */
const MAX_ROWS = 20;

/** What was wrong, the newest first. */
export function AlertList({ alerts }: { alerts: readonly Alert[] }) {
  if (alerts.length === 0) return null;
  const now = minute.value;
  return (
    <section class="section" aria-labelledby="alerts">
      <h3 class="section__name" id="alerts">
        Alerts
      </h3>
      <ul class="alerts">
        {alerts.slice(0, MAX_ROWS).map(({ id, message, raisedAt, endedAt, snoozedUntil }) => (
          <li key={id} class="alerts__one" data-open={endedAt === null}>
            <span title={fullDate(raisedAt)} class="secondary numbers">
              {timeAgo(raisedAt, now)}
            </span>
            <span>{message}</span>
            <span class="secondary">
              {endedAt === null
                ? snoozedUntil !== null && snoozedUntil > now
                  ? 'goes on, snoozed'
                  : 'goes on'
                : `over after ${span(Math.max(0, endedAt - raisedAt))}`}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
