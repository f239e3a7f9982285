import type { KernelConfig } from '../config/kernel.config.js';
import { MetersOfProcess } from './metrics.js';
import type { Tracing } from './watch.js';
import { Watch } from './watch.js';

/** What a process is watched with, as its configuration says. */
export interface OpenedWatch {
  readonly watch: Watch;
  readonly meters: MetersOfProcess;
}

/** Loads what is turned on, and nothing else: both cost a start some tens of milliseconds. */
export async function openWatch(config: KernelConfig, version: string): Promise<OpenedWatch> {
  const meters = await openMeters(config, version);
  return {
    watch: new Watch(meters, await openTracing(config, version)),
    meters: new MetersOfProcess(meters),
  };
}

async function openMeters(config: KernelConfig, version: string) {
  if (!config.METRICS_TOKEN && !config.METRICS_BIND) return null;
  const { PrometheusMeters } = await import('./prometheus-meters.js');
  return new PrometheusMeters({ version, release: config.OFITEC_RELEASE });
}

/** The specification sends traces by default; the house sends none unless it is told where or how. */
async function openTracing(config: KernelConfig, version: string): Promise<Tracing | null> {
  const isWanted =
    config.OTEL_TRACES_EXPORTER === 'otlp' ||
    (config.OTEL_TRACES_EXPORTER === undefined &&
      (config.OTEL_EXPORTER_OTLP_ENDPOINT ?? config.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT));
  if (!isWanted || config.OTEL_SDK_DISABLED === 'true') return null;
  const { OpenTelemetry } = await import('./open-telemetry.js');
  return OpenTelemetry.open(config, version);
}
