// The run's last line: how many tests passed and failed. A suite that did not load counts as one.
module.exports = class CountReporter {
  onRunComplete(_contexts, results) {
    const broken = results.testResults.filter((suite) => suite.testExecError).length;
    this.line = `${results.numPassedTests} passed, ${results.numFailedTests + broken} failed`;
    process.once('exit', () => process.stdout.write(`${this.line}\n`));
  }
};
