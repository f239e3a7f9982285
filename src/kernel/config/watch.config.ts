import { choice, integer, listenAddress, pairs, share, text, url } from './variables.js';
import type { ConfigValues } from './variables.js';

const PROTOCOLS = ['http/protobuf', 'http/json'] as const;
const WEB = ['http:', 'https:'] as const;
const SAMPLERS = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const;

/**
 * What an operator who watches the house may say. Metrics and traces are off unless a variable
 * turns them on. The `OTEL_` names and meanings are those of the OpenTelemetry specification
 * ("Environment Variable Specification"); what it leaves out here is not read.
 */
export const watchConfig = {
  DRAIN_SECONDS: integer({
    summary: 'seconds from "not ready" to no more connections; default 0, in production 5',
    min: 0,
    max: 300,
  }),
  METRICS_TOKEN: text({
    summary: 'bearer token that reads /metrics; without it only METRICS_BIND serves them',
    secret: true,
  }),
  METRICS_BIND: listenAddress({
    summary: 'port or host:port of a listener of its own for /metrics and /health',
  }),
  OTEL_SDK_DISABLED: choice({
    summary: 'true: no traces, whatever else is set',
    options: ['false', 'true'],
    fallback: 'false',
  }),
  OTEL_TRACES_EXPORTER: choice({
    summary: 'otlp sends traces; so does an endpoint',
    options: ['otlp', 'none'],
  }),
  OTEL_EXPORTER_OTLP_ENDPOINT: url({
    summary: 'OTLP/HTTP collector; traces go to its path /v1/traces',
    protocols: WEB,
  }),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: url({
    summary: 'OTLP/HTTP collector for traces, taken as it is',
    protocols: WEB,
  }),
  OTEL_EXPORTER_OTLP_HEADERS: pairs({
    summary: 'headers for the collector, as name=value,name=value',
    secret: true,
  }),
  OTEL_EXPORTER_OTLP_PROTOCOL: choice({
    summary: 'how traces are written',
    options: PROTOCOLS,
    fallback: 'http/protobuf',
  }),
  OTEL_SERVICE_NAME: text({ summary: 'service.name of the traces; default ofitec' }),
  OTEL_RESOURCE_ATTRIBUTES: pairs({ summary: 'further attributes of all traces, as name=value,…' }),
  OTEL_TRACES_SAMPLER: choice({
    summary: 'which traces are kept',
    options: SAMPLERS,
    fallback: 'parentbased_always_on',
  }),
  OTEL_TRACES_SAMPLER_ARG: share({
    summary: 'share of traces that traceidratio keeps, 0 to 1',
    fallback: 1,
  }),
  OTEL_BSP_SCHEDULE_DELAY: integer({
    summary: 'milliseconds between two batches of traces',
    fallback: 5_000,
    min: 10,
    max: 600_000,
  }),
} as const;

type WatchConfig = ConfigValues<typeof watchConfig>;

/** How long the house stays reachable after it says that it is not ready any more, in milliseconds. */
export function drainDelayMs(config: WatchConfig & { readonly NODE_ENV: string }): number {
  return (config.DRAIN_SECONDS ?? (config.NODE_ENV === 'production' ? 5 : 0)) * 1_000;
}

const MIN_TOKEN = 32;

/** What production refuses of the watch: a token to guess, or metrics for whoever finds the port. */
export function watchFaults({ METRICS_TOKEN, METRICS_BIND }: WatchConfig): string[] {
  const isOpen = METRICS_BIND && !METRICS_TOKEN && /^(0\.0\.0\.0|::|\*)$/.test(METRICS_BIND.host);
  return [
    ...(METRICS_TOKEN && METRICS_TOKEN.length < MIN_TOKEN
      ? [`METRICS_TOKEN is weak: set ${MIN_TOKEN} or more random characters`]
      : []),
    ...(isOpen
      ? ['METRICS_BIND listens on every address: name one, or set METRICS_TOKEN as well']
      : []),
  ];
}
