import type { ContainerRunData } from '../../shared/containers.js';

const UNITS: Readonly<Record<string, number>> = { b: 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

/** What a container is made from, as the Docker Engine API takes it (`POST /containers/create`). */
export function runRequest({ image, gpus, ipcHost, shmSize, ports, volumes, command }: ContainerRunData) {
  const inside = ports.map(({ container }) => `${container}/tcp`);
  return {
    Image: image,
    ...(command.length > 0 && { Cmd: command }),
    ExposedPorts: Object.fromEntries(inside.map(port => [port, {}])),
    HostConfig: {
      // as NVIDIA's own images ask for it
      ...(gpus && {
        DeviceRequests: [{ Driver: '', Count: -1, Capabilities: [['gpu']] }],
        Ulimits: [
          { Name: 'memlock', Soft: -1, Hard: -1 },
          { Name: 'stack', Soft: 67_108_864, Hard: 67_108_864 },
        ],
      }),
      ...(ipcHost ? { IpcMode: 'host' } : shmSize === undefined ? {} : { ShmSize: bytesOf(shmSize) }),
      PortBindings: Object.fromEntries(
        inside.map(port => [
          port,
          ports
            .filter(({ container }) => `${container}/tcp` === port)
            .map(({ host }) => ({ HostIp: '127.0.0.1', HostPort: String(host) })),
        ]),
      ),
      Binds: volumes.map(({ source, target }) => `${source}:${target}`),
    },
  };
}

/** "16g" in bytes. */
function bytesOf(size: string): number {
  const unit = /[a-z]$/i.exec(size)?.[0].toLowerCase() ?? 'b';
  return parseInt(size, 10) * (UNITS[unit] ?? 1);
}
