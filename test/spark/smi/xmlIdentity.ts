import { DRIVER_VERSION, type GpuReading, type MigDevice } from './reading.js';
import { each, type XmlElement } from './xmlElement.js';

const NA = 'N/A';

/** The first half of a `<gpu>`: what it is and how it is attached. */
export function identity(gpu: GpuReading): XmlElement[] {
  const { model } = gpu;
  return [
    ['product_name', model.name],
    ['product_brand', model.brand],
    ['product_architecture', model.architecture],
    ['display_mode', 'Requested functionality has been deprecated'],
    ['display_attached', model.displayAttached ? 'Yes' : 'No'],
    ['display_active', 'Disabled'],
    ['persistence_mode', 'Enabled'],
    ['addressing_mode', model.addressingMode],
    ['mig_mode', each(model.migMode ?? NA, 'current_mig', 'pending_mig')],
    gpu.migDevices.length === 0
      ? ['mig_devices', 'None', 'block']
      : ['mig_devices', gpu.migDevices.map(device => ['mig_device', migDevice(device)])],
    ['accounting_mode', 'Disabled'],
    ['accounting_mode_buffer_size', '4000'],
    ['driver_model', each(NA, 'current_dm', 'pending_dm')],
    ['serial', gpu.serial ?? NA],
    ['uuid', gpu.uuid],
    ['pdi', gpu.serial === null ? NA : `0x${gpu.serial.padStart(16, '0')}`],
    ['minor_number', String(gpu.index)],
    ['vbios_version', model.vbios],
    ['multigpu_board', 'No'],
    ['board_id', model.link === null ? NA : `0x${gpu.busId.slice(9, 11).toLowerCase()}00`],
    ['board_part_number', model.boardPart ?? NA],
    ['gpu_part_number', model.gpuPart ?? NA],
    ['gpu_fru_part_number', NA],
    ['platformInfo', platform(gpu)],
    ['inforom_version', inforom(gpu)],
    ['inforom_bbx_flush', each(NA, 'latest_timestamp', 'latest_duration')],
    ['gpu_operation_mode', each(NA, 'current_gom', 'pending_gom')],
    ['c2c_mode', model.link === null ? NA : 'Disabled'],
    [
      'gpu_virtualization_mode',
      [['virtualization_mode', 'None'], ...each(NA, 'host_vgpu_mode', 'vgpu_heterogeneous_mode')],
    ],
    ['gpu_recovery_action', 'None'],
    ['gsp_firmware_version', DRIVER_VERSION],
    ['ibmnpu', each(NA, 'relaxed_ordering_mode')],
    ['pci', pci(gpu)],
  ];
}

function migDevice(device: MigDevice): XmlElement[] {
  return [
    ['index', String(device.index)],
    ['gpu_instance_id', String(device.gpuInstanceId)],
    ['compute_instance_id', '0'],
    [
      'device_attributes',
      [
        [
          'shared',
          [
            ['multiprocessor_count', String(device.multiprocessors)],
            ['copy_engine_count', '1'],
            ['encoder_count', '0'],
            ['decoder_count', '1'],
            ['ofa_count', '0'],
            ['jpg_count', '0'],
          ],
        ],
      ],
    ],
    ['ecc_error_count', [['volatile_count', [['sram_uncorrectable', '0']]]]],
    [
      'fb_memory_usage',
      [
        ['total', `${device.totalMiB} MiB`],
        ['reserved', '0 MiB'],
        ['used', `${device.usedMiB} MiB`],
        ['free', `${device.totalMiB - device.usedMiB} MiB`],
      ],
    ],
    [
      'bar1_memory_usage',
      [
        ['total', '32767 MiB'],
        ['used', '0 MiB'],
        ['free', '32767 MiB'],
      ],
    ],
  ];
}

function platform(gpu: GpuReading): XmlElement[] {
  const onBaseboard = gpu.model.link !== null;
  return [
    ['chassis_serial_number', onBaseboard ? '' : NA],
    ...each(NA, 'slot_number', 'tray_index'),
    ['host_id', onBaseboard ? '1' : NA],
    ['peer_type', onBaseboard ? 'Switch Connected' : NA],
    ['module_id', onBaseboard ? String(gpu.index + 1) : NA],
    ['gpu_fabric_guid', onBaseboard ? `0x000000000000000${gpu.index + 1}` : NA],
  ];
}

function inforom(gpu: GpuReading): XmlElement[] {
  const [image, oem, ecc] = gpu.model.inforom ?? [NA, NA, NA];
  return [
    ['img_version', image],
    ['oem_object', oem],
    ['ecc_object', ecc],
    ['pwr_object', NA],
  ];
}

function pci(gpu: GpuReading): XmlElement[] {
  const { link } = gpu.model;
  const generation = link === null ? NA : String(link[0]);
  const width = link === null ? NA : `${link[1]}x`;
  const atomics = link === null ? NA : 'FETCHADD_32 FETCHADD_64 SWAP_32 SWAP_64 CAS_32 CAS_64 ';
  return [
    ['pci_bus', gpu.busId.slice(9, 11)],
    ['pci_device', '00'],
    ['pci_domain', gpu.busId.slice(4, 8)],
    ['pci_base_class', '3'],
    ['pci_sub_class', '2'],
    ['pci_device_id', gpu.model.pciDeviceId],
    ['pci_bus_id', gpu.busId],
    ['pci_sub_system_id', gpu.model.pciSubsystemId ?? NA],
    [
      'pci_gpu_link_info',
      [
        [
          'pcie_gen',
          [
            ...each(generation, 'max_link_gen', 'current_link_gen', 'device_current_link_gen', 'max_device_link_gen'),
            ['max_host_link_gen', NA],
          ],
        ],
        ['link_widths', each(width, 'max_link_width', 'current_link_width')],
      ],
    ],
    ['pci_bridge_chip', each(NA, 'bridge_chip_type', 'bridge_chip_fw')],
    ...each('0', 'replay_counter', 'replay_rollover_counter'),
    ...each('0 KB/s', 'tx_util', 'rx_util'),
    ...each(atomics, 'atomic_caps_outbound', 'atomic_caps_inbound'),
  ];
}
