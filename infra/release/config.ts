import { Config, integer, list, text } from '#kernel';

/** The two places in which a release of the application runs side by side. */
export const COLOURS = ['blue', 'green'] as const;
export type Colour = (typeof COLOURS)[number];

/** What `ofitec release` reads from the environment. */
const releaseConfig = {
  RELEASE_FOLDER: text({ summary: 'folder of state, lock and journal' }),
  RELEASE_BLUE: text({ summary: 'address of the blue application, http://host:port' }),
  RELEASE_GREEN: text({ summary: 'address of the green application, http://host:port' }),
  RELEASE_BLUE_METRICS: text({ summary: 'metrics of blue; default its address and /metrics' }),
  RELEASE_GREEN_METRICS: text({ summary: 'metrics of green; default its address and /metrics' }),
  METRICS_TOKEN: text({ summary: 'token that the metrics ask for', secret: true }),
  RELEASE_NGINX_FILE: text({ summary: 'file with the upstream that nginx includes in http' }),
  RELEASE_NGINX_TEST: text({ summary: 'command that tests nginx; default nginx -t' }),
  RELEASE_NGINX_RELOAD: text({ summary: 'command that reloads it; default nginx -s reload' }),
  RELEASE_NGINX_STATUS: text({
    summary: 'loopback address on which nginx tells its weights; default 127.0.0.1:8101',
  }),
  RELEASE_TRAEFIK_FILE: text({ summary: 'file with the services in Traefik’s dynamic folder' }),
  RELEASE_TRAEFIK_API: text({ summary: 'Traefik’s API; default http://127.0.0.1:8080' }),
  RELEASE_PROMETHEUS: text({ summary: 'Prometheus that is asked for gate:healthy' }),
  RELEASE_STEPS: list({
    summary: 'shares of a canary, in percent, by commas',
    fallback: ['5', '25', '50', '100'],
  }),
  RELEASE_STEP_SECONDS: integer({
    summary: 'how long each share is watched',
    fallback: 120,
    min: 1,
    max: 86_400,
  }),
  RELEASE_UNKNOWN_SECONDS: integer({
    summary: 'how long a gate that says nothing is waited for',
    fallback: 60,
    min: 1,
    max: 3_600,
  }),
  RELEASE_DRAIN_SECONDS: integer({
    summary: 'how long open requests of the colour that has no more are waited for',
    fallback: 120,
    min: 1,
    max: 3_600,
  }),
} as const;

/** Where one colour is. */
export interface Place {
  /** `http://host:port`. */
  readonly url: string;
  readonly metricsUrl: string;
}

/** What a release is done with. */
export interface ReleasePlan {
  readonly folder: string;
  readonly places: Readonly<Record<Colour, Place>>;
  readonly metricsToken: string | null;
  readonly nginx: NginxPlan | null;
  readonly traefik: TraefikPlan | null;
  readonly prometheusUrl: string | null;
  /** Percents, rising. */
  readonly steps: readonly number[];
  readonly stepSeconds: number;
  readonly unknownSeconds: number;
  readonly drainSeconds: number;
}

export interface NginxPlan {
  readonly file: string;
  readonly test: string;
  readonly reload: string;
  /** `127.0.0.1:port`. */
  readonly status: string;
}

export interface TraefikPlan {
  readonly file: string;
  readonly api: string;
}

/** Reads the plan. @throws Error with every fault of the environment */
export function readPlan(env: Readonly<Record<string, string | undefined>>): ReleasePlan {
  const { config, faults } = Config.read([releaseConfig], env);
  const read = config.of(releaseConfig);
  const place = (name: 'BLUE' | 'GREEN', port: number): Place => {
    const url = originOf(read[`RELEASE_${name}`] ?? `http://127.0.0.1:${port}`);
    const metricsUrl = read[`RELEASE_${name}_METRICS`] ?? `${url}/metrics`;
    if (url === null) faults.push(`RELEASE_${name} must be http://host:port`);
    if (!URL.canParse(metricsUrl)) faults.push(`RELEASE_${name}_METRICS must be a URL`);
    return { url: url ?? '', metricsUrl };
  };
  const places = { blue: place('BLUE', 3001), green: place('GREEN', 3002) };
  if (places.blue.url === places.green.url) faults.push('RELEASE_BLUE and RELEASE_GREEN are one');
  const status = read.RELEASE_NGINX_STATUS ?? '127.0.0.1:8101';
  if (!/^(127\.\d+\.\d+\.\d+|\[::1\]):\d{1,5}$/.test(status)) {
    faults.push('RELEASE_NGINX_STATUS must be a loopback address with its port');
  }
  if (!read.RELEASE_NGINX_FILE && !read.RELEASE_TRAEFIK_FILE) {
    faults.push('neither RELEASE_NGINX_FILE nor RELEASE_TRAEFIK_FILE names a proxy’s file');
  }
  const steps = read.RELEASE_STEPS.map(Number);
  const isRising = steps.every((step, n) => n === 0 || step > (steps[n - 1] ?? 0));
  if (!steps.length || !isRising || steps.some((step) => !isShare(step) || step === 0)) {
    faults.push('RELEASE_STEPS must be whole percents from 1 to 100, each higher than the last');
  }
  if (faults.length > 0) throw new Error(faults.join('\n'));
  return {
    folder: read.RELEASE_FOLDER ?? '/var/lib/ofitec-release',
    places,
    metricsToken: read.METRICS_TOKEN ?? null,
    nginx: read.RELEASE_NGINX_FILE
      ? {
          file: read.RELEASE_NGINX_FILE,
          test: read.RELEASE_NGINX_TEST ?? 'nginx -t',
          reload: read.RELEASE_NGINX_RELOAD ?? 'nginx -s reload',
          status,
        }
      : null,
    traefik: read.RELEASE_TRAEFIK_FILE
      ? {
          file: read.RELEASE_TRAEFIK_FILE,
          api: read.RELEASE_TRAEFIK_API ?? 'http://127.0.0.1:8080',
        }
      : null,
    prometheusUrl: read.RELEASE_PROMETHEUS ?? null,
    steps,
    stepSeconds: read.RELEASE_STEP_SECONDS,
    unknownSeconds: read.RELEASE_UNKNOWN_SECONDS,
    drainSeconds: read.RELEASE_DRAIN_SECONDS,
  };
}

/** Whole percents. */
export function isShare(percent: number): boolean {
  return Number.isInteger(percent) && percent >= 0 && percent <= 100;
}

/** The scheme, host and port of an address that has nothing else; what is written into proxies' files. */
function originOf(address: string): string | null {
  if (!/^http:\/\/[\w.[\]:-]+\/?$/.test(address) || !URL.canParse(address)) return null;
  return new URL(address).origin;
}
