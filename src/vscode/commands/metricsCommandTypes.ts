/** The argument form of the commands about measurements, and about telling of them outside of the editor. */
export interface MetricsCommandTypes {
  /** Resolves with the rows that were written. */
  'dgxSpark.exportMetrics': (
    connectionId: string,
    options: { hours: number; file: string; gpu?: number },
  ) => Promise<number>;
  'dgxSpark.setMailPassword': () => Promise<void>;
  'dgxSpark.sendTestMail': () => Promise<void>;
  'dgxSpark.setWebhook': () => Promise<void>;
  'dgxSpark.sendTestWebhook': () => Promise<void>;
}
