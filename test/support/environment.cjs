// Imports the built application natively, once per worker, and lends it to every test file.
const { TestEnvironment } = require('jest-environment-node');
const { join } = require('node:path');
const { pathToFileURL } = require('node:url');

const built = pathToFileURL(join(__dirname, '../../dist/test/support/index.js')).href;

module.exports = class OfitecEnvironment extends TestEnvironment {
  async setup() {
    await super.setup();
    this.global.ofitecTest = await import(built);
    await this.global.ofitecTest.clearOfMidnight();
  }

  async teardown() {
    await this.global.ofitecTest?.closeHouses();
    await super.teardown();
  }
};
