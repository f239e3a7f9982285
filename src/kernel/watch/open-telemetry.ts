import { setTimeout as sleep } from 'node:timers/promises';
import {
  defaultTextMapGetter,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import type { Context, Span, Tracer } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import type { Sampler, SpanExporter } from '@opentelemetry/sdk-trace';
import type { FastifyRequest } from 'fastify';
import type { KernelConfig } from '../config/kernel.config.js';
import { sqlState } from '../database/sql-state.js';
import { Problem } from '../http/problem.js';
import type { Attributes, RequestSpan, SpanOf, Tracing } from './watch.js';

const FAREWELL_MS = 3_000;
const KINDS = {
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  consumer: SpanKind.CONSUMER,
  internal: SpanKind.INTERNAL,
} as const;

/** Traces by OpenTelemetry, sent over OTLP/HTTP. Nothing of it is global: it ends with its owner. */
export class OpenTelemetry implements Tracing {
  private readonly contexts = new AsyncLocalStorageContextManager().enable();
  private readonly propagator = new W3CTraceContextPropagator();
  private readonly tracer: Tracer;

  private constructor(
    private readonly provider: TracerProvider,
    version: string,
  ) {
    this.tracer = provider.getTracer('ofitec', version);
  }

  /** As the `OTEL_` variables say. */
  static async open(config: KernelConfig, version: string): Promise<OpenTelemetry> {
    const provider = new TracerProvider({
      sampler: samplerOf(config),
      resource: resourceFromAttributes({
        ...config.OTEL_RESOURCE_ATTRIBUTES,
        'service.name': config.OTEL_SERVICE_NAME ?? 'ofitec',
        'service.version': version,
      }),
      spanProcessors: [
        new BatchSpanProcessor({
          exporter: await exporterOf(config),
          scheduledDelayMillis: config.OTEL_BSP_SCHEDULE_DELAY,
        }),
      ],
    });
    return new OpenTelemetry(provider, version);
  }

  beginRequest(method: string, headers: FastifyRequest['headers']): RequestSpan {
    const parent = this.propagator.extract(ROOT_CONTEXT, headers, defaultTextMapGetter);
    const options = { kind: SpanKind.SERVER, attributes: { 'http.request.method': method } };
    const span = this.tracer.startSpan(method, options, parent);
    const own = trace.setSpan(parent, span);
    return {
      traceId: span.spanContext().traceId,
      within: (work) => this.contexts.with(own, work),
      end: (name, attributes, failed) => {
        span.updateName(name).setAttributes(attributes);
        if (failed) span.setStatus({ code: SpanStatusCode.ERROR });
        span.end();
      },
    };
  }

  async span<T>(of: SpanOf, work: (note: (more: Attributes) => void) => Promise<T>): Promise<T> {
    const parent: Context = this.contexts.active();
    const options = { kind: KINDS[of.kind], attributes: of.attributes };
    const span = this.tracer.startSpan(of.name, options, parent);
    try {
      return await this.contexts.with(trace.setSpan(parent, span), () =>
        work((more) => void span.setAttributes(more)),
      );
    } catch (error) {
      mark(span, error);
      throw error;
    } finally {
      span.end();
    }
  }

  async close(): Promise<void> {
    await Promise.race([
      this.provider.shutdown().catch(() => undefined),
      sleep(FAREWELL_MS, null, { ref: false }),
    ]);
    this.contexts.disable();
  }
}

/** The kind of an error and never its words: PostgreSQL's may hold the values of a row. */
function mark(span: Span, error: unknown): void {
  const problem = error instanceof Problem ? error.definition : null;
  const kind =
    problem?.code ?? sqlState(error) ?? (error instanceof Error ? error.name : 'unknown');
  span.setAttribute('error.type', kind);
  // A refusal of the domain is an answer, not an error of the house.
  if (!problem || problem.status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
}

async function exporterOf(config: KernelConfig): Promise<SpanExporter> {
  const { OTLPTraceExporter } =
    config.OTEL_EXPORTER_OTLP_PROTOCOL === 'http/json'
      ? await import('@opentelemetry/exporter-trace-otlp-http')
      : await import('@opentelemetry/exporter-trace-otlp-proto');
  const base = (config.OTEL_EXPORTER_OTLP_ENDPOINT ?? 'http://localhost:4318').replace(/\/$/, '');
  const url = config.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT ?? `${base}/v1/traces`;
  return new OTLPTraceExporter({ url, headers: { ...config.OTEL_EXPORTER_OTLP_HEADERS } });
}

function samplerOf({
  OTEL_TRACES_SAMPLER: name,
  OTEL_TRACES_SAMPLER_ARG: share,
}: KernelConfig): Sampler {
  const root = name.endsWith('always_off')
    ? new AlwaysOffSampler()
    : name.endsWith('traceidratio')
      ? new TraceIdRatioBasedSampler(share)
      : new AlwaysOnSampler();
  return name.startsWith('parentbased_') ? new ParentBasedSampler({ root }) : root;
}
