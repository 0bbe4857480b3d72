import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { readAnswers, writeAnswers } from '../../src/manifest/answers.ts';
import { convert, HEAD } from './support/conversion.ts';

describe('the answers file', () => {
  it('reads text, numbers and switches as text', () => {
    const text = 'version: 1\nanswers:\n  web.port: 5000\n  web.health: /check\n  web.flag: true\n';

    expect(readAnswers(text)).toEqual({ 'web.port': '5000', 'web.health': '/check', 'web.flag': 'true' });
  });

  it.each(['version: 1\n', 'version: 1\nanswers:\n', 'version: 1\nanswers: {}\n'])('reads %j as no answers', (text) => {
    expect(readAnswers(text)).toEqual({});
  });

  it.each([
    ['nothing', ''],
    ['a list', '- a'],
    ['another version', 'version: 2\nanswers: {}'],
    ['a key nobody knows', 'version: 1\nanswer: {}'],
    ['a list as an answer', 'version: 1\nanswers: {a: [hunter2]}'],
    ['broken YAML', 'version: 1\nanswers: {a: "hunter2'],
    ['nested question marks', `version: 1\nanswers:\n  ${'? '.repeat(300)}hunter2`],
    ['a megabyte', 'x'.repeat(1_000_000)],
  ])('refuses %s, and quotes nothing of it', (_, text) => {
    let message = '';
    try {
      readAnswers(text);
    } catch (error) {
      expect(error).toMatchObject({ name: 'MigrationError', code: 'ANSWERS_INVALID' });
      message = inspect(error);
    }

    expect(message).toContain('gen2.answers.yaml');
    expect(message).not.toContain('hunter2');
  });

  it('writes what it reads, with the questions, in a stable order', () => {
    const { decisions } = convert('image: x\nports: ["443:443"]');
    const answers = { 'web.port': 'https:443', 'web.health': '/yes: #"', 'a.b': 'on' };

    const text = writeAnswers(answers, decisions);

    expect(readAnswers(text)).toEqual(answers);
    expect(text).toBe(writeAnswers(Object.fromEntries(Object.entries(answers).toReversed()), decisions));
    expect(text).toContain(
      '  # Does web speak plain HTTP (443) or TLS (https:443) on its port 443?\n  web.port: "https:443"\n',
    );
  });

  it('writes no answers as a file that can be read', () => {
    expect(readAnswers(writeAnswers({}))).toEqual({});
  });

  it('replays: the decisions of one conversion settle the next one without a question', () => {
    const compose = 'image: x\nports: ["443:8443", "9000:1"]\nlabels: [convox.port.443.proxy=true]';
    const answers = {
      'web.port': '8443',
      'web.port.9000': 'drop',
      'web.proxy': 'not-needed',
      'web.health': '/up',
      'environment.PROCESS': 'leave-out',
    };

    const first = convert(compose, HEAD, { answers });
    const chosen = Object.fromEntries(first.decisions.map(({ id, chosen: answer }) => [id, answer ?? '']));
    const second = convert(compose, HEAD, { answers: readAnswers(writeAnswers(chosen, first.decisions)) });

    expect(second.manifest).toBe(first.manifest);
    expect(second.manifest).toBeDefined();
    expect(
      second.findings.filter(
        ({ severity, decision }) => decision !== undefined && ['choice', 'blocker'].includes(severity),
      ),
    ).toEqual([]);
  });

  it('says that an answer was not asked for, and that one cannot be used', () => {
    const { findings } = convert('image: x\nports: ["80:1", "443:2"]', HEAD, {
      answers: { 'web.prot': '1', 'web.port': '3' },
    });

    expect(findings.find(({ code }) => code === 'answer-unused')?.message).toContain('web.prot');
    expect(findings.find(({ code }) => code === 'answer-invalid')).toMatchObject({
      severity: 'blocker',
      decision: 'web.port',
    });
  });
});
