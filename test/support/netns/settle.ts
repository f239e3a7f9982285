import { createHttpApplication, migrate, readBlueprint } from '../../../src/bootstrap.js';
import { createDemo } from '../../../src/demo.js';

/** Migrates the database of `DATABASE_OWNER_URL` and fills it with the demo shop (`DEMO_PASSWORD`). */
const { DATABASE_OWNER_URL: owner = '', DATABASE_URL: application = '', DEMO_PASSWORD = '' } = process.env; // prettier-ignore
const blueprint = await readBlueprint({ NODE_ENV: 'test', LOG_LEVEL: 'error' });
await migrate(owner, blueprint.available, () => {});
const { app } = await createHttpApplication(blueprint, { owner, application });
await createDemo(app, DEMO_PASSWORD);
await app.close();
process.exit(0);
