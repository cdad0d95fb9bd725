import { type GpuModel, type GpuProcess, type GpuReading } from './reading.js';
import { amount, each, type XmlElement } from './xmlElement.js';

const NA = 'N/A';

/** The second half of a `<gpu>`: what it does. */
export function measurements(gpu: GpuReading): XmlElement[] {
  const { model } = gpu;
  return [
    ['fan_speed', NA],
    ['performance_state', gpu.performanceState],
    ...throttling(gpu),
    ['sparse_operation_mode', NA],
    ...memory(gpu),
    ['compute_mode', 'Default'],
    ['utilization', utilization(gpu)],
    ['encoder_stats', each('0', 'session_count', 'average_fps', 'average_latency')],
    ['fbc_stats', each('0', 'session_count', 'average_fps', 'average_latency')],
    ['dram_encryption_mode', each(NA, 'current_dram_encryption', 'pending_dram_encryption')],
    ['ecc_mode', each(model.ecc ? 'Enabled' : NA, 'current_ecc', 'pending_ecc')],
    ['ecc_errors', eccErrors(model.ecc ? '0' : NA, model.ecc ? 'No' : NA)],
    ['retired_pages', retiredPages()],
    model.ecc ? ['remapped_rows', remappedRows()] : ['remapped_rows', NA],
    ['temperature', temperature(gpu)],
    ['supported_gpu_target_temp', each(NA, 'gpu_target_temp_min', 'gpu_target_temp_max')],
    ['gpu_power_readings', power(gpu)],
    ['gpu_memory_power_readings', each(NA, 'average_power_draw', 'instant_power_draw')],
    ['module_power_readings', [['power_state', gpu.performanceState], ...each(NA, ...DRAWS, ...LIMITS)]],
    ['power_smoothing', model.powerLimits === null ? NA : 'Insufficient Permissions'],
    ['power_profiles', each(NA, 'power_profile_requested_profiles', 'power_profile_enforced_profiles')],
    ...clocks(gpu),
    ['fabric', fabric()],
    supportedClocks(model),
    gpu.processes.length === 0
      ? ['processes', '', 'block']
      : ['processes', gpu.processes.map(process => ['process_info', processInfo(process)])],
    ['accounted_processes', '', 'block'],
    ['capabilities', [['egm', 'disabled']]],
  ];
}

const DRAWS = ['average_power_draw', 'instant_power_draw'];
const LIMITS = [
  'current_power_limit',
  'requested_power_limit',
  'default_power_limit',
  'min_power_limit',
  'max_power_limit',
];

function throttling(gpu: GpuReading): XmlElement[] {
  const idle = gpu.performanceState === 'P8' ? 'Active' : 'Not Active';
  const reasons = [
    'applications_clocks_setting',
    'sw_power_cap',
    'hw_slowdown',
    'hw_thermal_slowdown',
    'hw_power_brake_slowdown',
    'sync_boost',
    'sw_thermal_slowdown',
    'display_clocks_setting',
  ];
  const counters = ['sync_boost', 'sw_therm_slowdown', 'hw_therm_slowdown', 'hw_power_brake'];
  return [
    [
      'clocks_event_reasons',
      [
        ['clocks_event_reason_gpu_idle', idle],
        ...each('Not Active', ...reasons.map(reason => `clocks_event_reason_${reason}`)),
      ],
    ],
    [
      'clocks_event_reasons_counters',
      [
        ['clocks_event_reasons_counters_sw_power_cap', `${gpu.powerCapMicroseconds} us`],
        ...each('0 us', ...counters.map(counter => `clocks_event_reasons_counters_${counter}`)),
      ],
    ],
  ];
}

function memory(gpu: GpuReading): XmlElement[] {
  const own = gpu.memory;
  const { bar1MiB } = gpu.model;
  return [
    [
      'fb_memory_usage',
      [
        ['total', amount(own?.totalMiB, 'MiB')],
        ['reserved', amount(own?.reservedMiB, 'MiB')],
        ['used', amount(own?.usedMiB, 'MiB')],
        ['free', amount(own && own.totalMiB - own.reservedMiB - own.usedMiB, 'MiB')],
      ],
    ],
    [
      'bar1_memory_usage',
      [
        ['total', amount(bar1MiB, 'MiB')],
        ['used', amount(bar1MiB && 1, 'MiB')],
        ['free', amount(bar1MiB && bar1MiB - 1, 'MiB')],
      ],
    ],
    ['cc_protected_memory_usage', each(own === null ? NA : '0 MiB', 'total', 'used', 'free')],
  ];
}

function utilization(gpu: GpuReading): XmlElement[] {
  const engines = gpu.utilization === null ? NA : '0 %';
  return [
    ['gpu_util', amount(gpu.utilization, '%')],
    ['memory_util', amount(gpu.memoryUtilization, '%')],
    ...each(engines, 'encoder_util', 'decoder_util', 'jpeg_util', 'ofa_util'),
  ];
}

function eccErrors(count: string, flag: string): XmlElement[] {
  const errors = each(
    count,
    'sram_correctable',
    'sram_uncorrectable_parity',
    'sram_uncorrectable_secded',
    'dram_correctable',
    'dram_uncorrectable',
  );
  return [
    ['volatile', errors],
    ['aggregate', [...errors, ['sram_threshold_exceeded', flag]]],
    [
      'aggregate_uncorrectable_sram_sources',
      each(count, 'sram_l2', 'sram_sm', 'sram_microcontroller', 'sram_pcie', 'sram_other'),
    ],
    ...each(flag, 'channel_repair_pending', 'tpc_repair_pending', 'unrepairable_memory'),
  ];
}

function retiredPages(): XmlElement[] {
  const none = each(NA, 'retired_count', 'retired_pagelist');
  return [
    ['multiple_single_bit_retirement', none],
    ['double_bit_retirement', none],
    ...each(NA, 'pending_blacklist', 'pending_retirement'),
  ];
}

function remappedRows(): XmlElement[] {
  const banks = ['high', 'partial', 'low', 'none'].map(part => `row_remapper_histogram_${part}`);
  return [
    ...each('0', 'remapped_row_corr', 'remapped_row_corr_inactive', 'remapped_row_unc', 'remapped_row_unc_inactive'),
    ...each('No', 'remapped_row_pending', 'remapped_row_failure'),
    ['row_remapper_histogram', [['row_remapper_histogram_max', '2560 bank(s)'], ...each('0 bank(s)', ...banks)]],
  ];
}

function temperature(gpu: GpuReading): XmlElement[] {
  const discrete = gpu.model.link !== null;
  return [
    ['gpu_temp', amount(gpu.temperatureC, 'C')],
    ['gpu_temp_tlimit', amount(discrete ? 87 - gpu.temperatureC : null, 'C')],
    ['gpu_temp_max_tlimit_threshold', discrete ? '-8 C' : NA],
    ['gpu_temp_slow_tlimit_threshold', discrete ? '-2 C' : NA],
    ['gpu_temp_max_gpu_tlimit_threshold', discrete ? '0 C' : NA],
    ['gpu_target_temperature', NA],
    ['memory_temp', amount(gpu.memoryTemperatureC, 'C')],
    ['gpu_temp_max_mem_tlimit_threshold', discrete ? '0 C' : NA],
  ];
}

function power(gpu: GpuReading): XmlElement[] {
  const limits = gpu.model.powerLimits;
  const values =
    limits === null ? LIMITS.map(() => null) : [limits.set, limits.set, limits.set, limits.min, limits.max];
  return [
    ['power_state', gpu.performanceState],
    ['average_power_draw', amount(gpu.model.averagesPower ? gpu.powerW : null, 'W', 2)],
    ['instant_power_draw', amount(gpu.powerW, 'W', 2)],
    ...LIMITS.map((tag, index): XmlElement => [tag, amount(values[index] ?? null, 'W', 2)]),
  ];
}

function clocks(gpu: GpuReading): XmlElement[] {
  const { model } = gpu;
  const mem = amount(model.memClock, 'MHz');
  const video = amount(model.memClock === null ? null : Math.round(gpu.smClockMhz * 0.8), 'MHz');
  const set: XmlElement[] = [
    ['graphics_clock', amount(model.applicationClock, 'MHz')],
    ['mem_clock', mem],
  ];
  return [
    [
      'clocks',
      [
        ...each(amount(gpu.smClockMhz, 'MHz'), 'graphics_clock', 'sm_clock'),
        ['mem_clock', mem],
        ['video_clock', video],
      ],
    ],
    ['applications_clocks', set],
    ['default_applications_clocks', set],
    ['deferred_clocks', each(NA, 'mem_clock')],
    [
      'max_clocks',
      [
        ...each(amount(model.maxSmClock, 'MHz'), 'graphics_clock', 'sm_clock'),
        ['mem_clock', mem],
        ['video_clock', amount(model.memClock && Math.round(model.maxSmClock * 0.9), 'MHz')],
      ],
    ],
    ['max_customer_boost_clocks', each(amount(model.memClock && model.maxSmClock, 'MHz'), 'graphics_clock')],
    ['clock_policy', each(NA, 'auto_boost', 'auto_boost_default')],
  ];
}

function fabric(): XmlElement[] {
  const health = ['summary', 'bandwidth', 'route_recovery_in_progress', 'route_unhealthy'];
  health.push('access_timeout_recovery', 'incorrect_configuration', 'partition_assigned');
  return [...each(NA, 'state', 'status', 'cliqueId', 'clusterUuid'), ['health', each(NA, ...health)]];
}

/** Most of the size of a discrete GPU's page: each memory clock with all its graphics clocks, 15 MHz apart. */
function supportedClocks(model: GpuModel): XmlElement {
  if (model.memClock === null) return ['supported_clocks', NA];
  const steps: XmlElement[] = [];
  for (let clock = model.maxSmClock; clock >= 210; clock -= 15)
    steps.push(['supported_graphics_clock', `${clock} MHz`]);
  return ['supported_clocks', [['supported_mem_clock', [['value', `${model.memClock} MHz`], ...steps]]]];
}

function processInfo(process: GpuProcess): XmlElement[] {
  return [
    ['gpu_instance_id', process.gpuInstanceId === null ? NA : String(process.gpuInstanceId)],
    ['compute_instance_id', process.gpuInstanceId === null ? NA : '0'],
    ['pid', String(process.pid)],
    ['type', process.type],
    ['process_name', process.name],
    ['used_memory', `${process.usedMiB} MiB`],
  ];
}
