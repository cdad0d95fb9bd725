import { RECENT_SAMPLES, type Sample } from '../../shared/metrics.js';

/** The last {@link RECENT_SAMPLES} samples of each connection, for a panel that opens now. */
export class RecentSamples {
  private readonly byConnection = new Map<string, Sample[]>();

  add(sample: Sample): void {
    const samples = this.byConnection.get(sample.connectionId) ?? [];
    samples.push(sample);
    if (samples.length > RECENT_SAMPLES) samples.shift();
    this.byConnection.set(sample.connectionId, samples);
  }

  /** Oldest first. */
  of(connectionId: string): Sample[] {
    return [...(this.byConnection.get(connectionId) ?? [])];
  }

  forget(connectionId: string): void {
    this.byConnection.delete(connectionId);
  }
}
