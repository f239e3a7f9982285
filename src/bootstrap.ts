import 'reflect-metadata';
import fastifyCookie from '@fastify/cookie';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { SwaggerModule } from '@nestjs/swagger';
import type { OpenAPIObject } from '@nestjs/swagger';
import type { INestApplicationContext } from '@nestjs/common';
import {
  absenceInWords,
  AddonRegistry,
  Authenticator,
  BootRefused,
  caution,
  composeInstalled,
  Config,
  controllersOf,
  Counts,
  createAdapter,
  createDataSource,
  buildOpenApi,
  DenialJournal,
  Denials,
  Faults,
  followFile,
  inDependencyOrder,
  Installation,
  installEdge,
  installMethods,
  Intakes,
  JsonLogger,
  kernelAddon,
  kernelConfig,
  KernelModule,
  openWatch,
  ProblemFilter,
  productionFaults,
  setLogLevel,
  Throttle,
} from '#kernel';
import type { Addon, DatabaseUrls, KernelConfig, Report, Watch } from '#kernel';
import { shippedAddons } from './addons.js';
import { loadOutsideAddons } from './outside-addons.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** What is known before a database is touched: the addons' code and the configuration. */
export interface Blueprint {
  readonly available: readonly Addon[];
  readonly config: Config;
  readonly kernel: KernelConfig;
}

/** Reads addons and configuration. @throws BootRefused with every fault of the environment */
export async function readBlueprint(env: Environment): Promise<Blueprint> {
  const { blueprint, faults } = await surveyBlueprint(env);
  if (faults.length > 0) throw new BootRefused(faults);
  const { kernel } = blueprint;
  setLogLevel(kernel.LOG_LEVEL);
  const { DATABASE_URL, DATABASE_CONNECTION_LIFE_SECONDS: lifeSeconds } = kernel;
  const { DATABASE_URL_FILE: urlFile } = env;
  if (DATABASE_URL && urlFile) followFile(DATABASE_URL, urlFile, lifeSeconds);
  return blueprint;
}

/** The same for whoever has to tell of the faults too: what is faulty has its default. */
export async function surveyBlueprint(
  env: Environment,
): Promise<{ blueprint: Blueprint; faults: string[] }> {
  const first = Config.read([kernelConfig], env);
  if (first.faults.length > 0) {
    const [config, kernel] = [first.config, first.config.of(kernelConfig)];
    return {
      blueprint: { available: inDependencyOrder(shippedAddons), config, kernel },
      faults: first.faults,
    };
  }
  const outside = await loadOutsideAddons(first.config.of(kernelConfig).OFITEC_ADDONS);
  const available = inDependencyOrder([...shippedAddons, ...outside]);
  const shapes = [kernelConfig, ...available.map((addon) => addon.config)];
  const { config, faults } = Config.read(shapes, env);
  const kernel = config.of(kernelConfig);
  const all = [...faults, ...productionFaults(kernel)];
  return { blueprint: { available, config, kernel }, faults: all };
}

/** Brings a database to the code's state: installed addons, or all that are available at first. */
export async function migrate(
  ownerUrl: string,
  available: readonly Addon[],
  report: Report,
  release: string = kernelAddon.version,
): Promise<number> {
  return Installation.asOwner(
    { ownerUrl, kernel: kernelAddon, report, release },
    async (installation) => {
      const installed = await installation.installedNames();
      const wanted =
        installed.length === 0
          ? available
          : available.filter((addon) => installed.includes(addon.name));
      return installation.install(wanted);
    },
  );
}

/** The composed application with HTTP, not listening yet. @throws BootRefused with every fault */
export async function createHttpApplication(
  blueprint: Blueprint,
  urls: DatabaseUrls,
): Promise<{ app: NestFastifyApplication; openApi: () => OpenAPIObject }> {
  const [denials, faults] = [new Denials(), new Faults()];
  const { module, addons, watch } = await compose(blueprint, urls, 'ofitec http', {
    denials,
    faults,
  });
  const filter = new ProblemFilter(denials, faults);
  const intakes = new Intakes();
  const app = await NestFactory.create<NestFastifyApplication>(
    module,
    createAdapter(blueprint.kernel, filter, watch, intakes),
    {
      logger: new JsonLogger(),
      abortOnError: false,
      bodyParser: false,
    },
  );
  const fastify = app.getHttpAdapter().getInstance();
  watch.install(fastify);
  const controllers = [kernelAddon, ...addons].flatMap(controllersOf);
  intakes.open(controllers, (controller) => app.get<object>(controller, { strict: false }));
  installEdge(fastify, blueprint.kernel, filter, app.get(Throttle), intakes);
  installMethods(fastify, filter);
  await fastify.register(fastifyCookie);
  if (blueprint.kernel.TRUSTED_ORIGINS.length > 0) {
    app.enableCors(crossOrigin(blueprint.kernel.TRUSTED_ORIGINS));
  }
  let document: OpenAPIObject | undefined;
  const openApi = (): OpenAPIObject =>
    (document ??= buildOpenApi(app, {
      version: kernelAddon.version,
      controllers,
      stepUp: stepUpOf(app),
    }));
  SwaggerModule.setup('docs', app, openApi, { jsonDocumentUrl: 'openapi.json' });
  await app.init();
  await fastify.ready();
  await app.get(Counts).open();
  app.get(DenialJournal).start();
  return { app, openApi };
}

/** Says once for whoever reads the log which installed addons this code serves without. */
export function tellAbsent(app: INestApplicationContext): void {
  for (const addon of app.get(AddonRegistry).absent) {
    caution('addons', absenceInWords(addon));
  }
}

function stepUpOf(app: INestApplicationContext): Authenticator['stepUp'] {
  try {
    return app.get<Authenticator>(Authenticator, { strict: false }).stepUp;
  } catch {
    // An installation without an addon that authenticates.
    return [];
  }
}

/** The composed application without HTTP: worker and commands. */
export async function createContextApplication(
  blueprint: Blueprint,
  urls: DatabaseUrls,
): Promise<INestApplicationContext> {
  const seams = { denials: new Denials(), faults: new Faults() };
  const { module } = await compose(blueprint, urls, 'ofitec worker', seams);
  return NestFactory.createApplicationContext(module, {
    logger: new JsonLogger(),
    abortOnError: false,
  });
}

/** What a page of a trusted origin may send and read. */
function crossOrigin(
  origins: readonly string[],
): Parameters<NestFastifyApplication['enableCors']>[0] {
  return {
    origin: [...origins],
    credentials: true,
    methods: ['GET', 'POST', 'PATCH', 'PUT', 'DELETE'],
    exposedHeaders: [
      ...['ETag', 'Idempotency-Replayed', 'X-Request-Id'],
      ...['Retry-After', 'RateLimit', 'RateLimit-Policy'],
    ],
    maxAge: 600,
  };
}

/** What exists before the application does, because its edge needs it. */
type Seams = Pick<Parameters<typeof KernelModule.compose>[0], 'denials' | 'faults'>;

async function compose(
  blueprint: Blueprint,
  urls: DatabaseUrls,
  applicationName: string,
  seams: Seams,
): Promise<{ module: ReturnType<typeof KernelModule.compose>; addons: Addon[]; watch: Watch }> {
  const dataSource = createDataSource({
    url: urls.application,
    entities: [kernelAddon, ...blueprint.available].flatMap((addon) => addon.entities),
    poolSize: blueprint.kernel.DATABASE_POOL_SIZE,
    lifeSeconds: blueprint.kernel.DATABASE_CONNECTION_LIFE_SECONDS,
    // `ofitec migrate` sees by it which releases serve.
    applicationName: `${applicationName} ${blueprint.kernel.OFITEC_RELEASE}`,
  });
  await dataSource.initialize();
  try {
    const composed = await composeInstalled(dataSource, kernelAddon, blueprint.available);
    if (composed.faults.length > 0) throw new BootRefused(composed.faults);
    const { addons, absent } = composed;
    const { config, kernel } = blueprint;
    const watch = await openWatch(kernel, kernelAddon.version);
    const module = KernelModule.compose({ addons, absent, config, dataSource, watch, ...seams });
    return { module, addons, watch: watch.watch };
  } catch (error) {
    await dataSource.destroy();
    throw error;
  }
}
