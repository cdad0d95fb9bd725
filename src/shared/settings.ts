import * as v from 'valibot';
import { portSchema } from './connection.js';
import { MAIL_SECURITIES, WEBHOOK_FORMATS } from './notify.js';

const text = v.pipe(v.string(), v.trim(), v.maxLength(1000));
const within = (low: number, high: number) => v.pipe(v.number(), v.minValue(low), v.maxValue(high));

/** What the engine needs of the user's settings. A value out of range is replaced by its default, never refused. */
export const engineSettingsSchema = v.object({
  localPort: v.fallback(portSchema, 11435),
  remotePort: v.fallback(portSchema, 11434),
  target: v.fallback(v.picklist(['auto', 'local', 'dgx']), 'auto'),
  pollIntervalSeconds: v.fallback(within(0.5, 60), 2),
  persistIntervalSeconds: v.fallback(within(5, 3600), 20),
  retentionDays: v.fallback(within(1, 3650), 90),
  connectTimeoutSeconds: v.fallback(within(1, 600), 20),
  keepaliveSeconds: v.fallback(within(1, 600), 10),
  idleTimeoutMinutes: v.fallback(within(0, 10_080), 0),
  autoConnect: v.fallback(v.boolean(), true),
  lingerSeconds: v.fallback(within(0, 86400), 60),
  // a threshold of 0 is none
  alertsEnabled: v.fallback(v.boolean(), true),
  alertTemperatureC: v.fallback(within(0, 120), 90),
  alertUtilizationPercent: v.fallback(within(0, 100), 0),
  alertMemoryPercent: v.fallback(within(0, 100), 95),
  alertPowerW: v.fallback(within(0, 5000), 0),
  alertDiskPercent: v.fallback(within(0, 100), 95),
  alertUnreachableMinutes: v.fallback(within(0, 1440), 5),
  alertTroubles: v.fallback(v.boolean(), true),
  alertDurationSeconds: v.fallback(within(0, 3600), 60),
  alertCooldownMinutes: v.fallback(within(0, 1440), 30),
  emailHost: v.fallback(text, ''),
  emailPort: v.fallback(portSchema, 587),
  emailSecurity: v.fallback(v.picklist(MAIL_SECURITIES), 'starttls'),
  emailUser: v.fallback(text, ''),
  emailFrom: v.fallback(text, ''),
  /** Addresses, separated by commas. */
  emailTo: v.fallback(text, ''),
  emailAlerts: v.fallback(v.boolean(), true),
  webhookFormat: v.fallback(v.picklist(WEBHOOK_FORMATS), 'auto'),
  webhookAlerts: v.fallback(v.boolean(), true),
});
export type EngineSettings = v.InferOutput<typeof engineSettingsSchema>;

export const DEFAULT_ENGINE_SETTINGS: EngineSettings = {
  localPort: 11435,
  remotePort: 11434,
  target: 'auto',
  pollIntervalSeconds: 2,
  persistIntervalSeconds: 20,
  retentionDays: 90,
  connectTimeoutSeconds: 20,
  keepaliveSeconds: 10,
  idleTimeoutMinutes: 0,
  autoConnect: true,
  lingerSeconds: 60,
  alertsEnabled: true,
  alertTemperatureC: 90,
  alertUtilizationPercent: 0,
  alertMemoryPercent: 95,
  alertPowerW: 0,
  alertDiskPercent: 95,
  alertUnreachableMinutes: 5,
  alertTroubles: true,
  alertDurationSeconds: 60,
  alertCooldownMinutes: 30,
  emailHost: '',
  emailPort: 587,
  emailSecurity: 'starttls',
  emailUser: '',
  emailFrom: '',
  emailTo: '',
  emailAlerts: true,
  webhookFormat: 'auto',
  webhookAlerts: true,
};
