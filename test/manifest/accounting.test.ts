import { describe, expect, it } from 'vitest';
import { convert } from './support/conversion.ts';

/** The accounting as lines of text: place, path, disposition. */
function books(text: string): readonly string[] {
  return convert(text).accounting.map(
    ({ path, line, column, disposition }) => `${line}:${column} ${path} ${disposition}`,
  );
}

describe('the accounting', () => {
  it('lists keys and list items in the order of the file', () => {
    expect(books('version: "2"\nservices:\n  web:\n    image: x\n    environment: [A=1]\n')).toEqual([
      '1:1 version mapped',
      '2:1 services mapped',
      '3:3 services.web mapped',
      '4:5 services.web.image mapped',
      '5:5 services.web.environment mapped',
      '5:19 services.web.environment[0] mapped',
    ]);
  });

  it('lists merged keys under the service that merges them, and the overridden ones as dropped', () => {
    expect(
      books('version: "2"\nx-base: &base {image: x, restart: a}\nservices:\n  web:\n    <<: *base\n    image: y\n'),
    ).toEqual([
      '1:1 version mapped',
      '2:1 x-base dropped',
      '2:16 x-base.image dropped',
      '2:26 x-base.restart dropped',
      '3:1 services mapped',
      '4:3 services.web mapped',
      '5:5 services.web["<<"] mapped',
      '2:16 services.web.image dropped',
      '2:26 services.web.restart dropped',
      '6:5 services.web.image mapped',
    ]);
  });

  it('lists both of two equal keys, the first as dropped', () => {
    expect(books('web:\n  image: x\n  image: y\n')).toEqual([
      '1:1 web mapped',
      '2:3 web.image dropped',
      '3:3 web.image mapped',
    ]);
  });

  it('counts empty keys as dropped', () => {
    expect(books('web:\n  image: x\n  environment:\n  ports: []\n  labels: {}\n')).toEqual([
      '1:1 web mapped',
      '2:3 web.image mapped',
      '3:3 web.environment dropped',
      '4:3 web.ports dropped',
      '5:3 web.labels dropped',
    ]);
  });

  it('writes keys that are no words in brackets', () => {
    expect(books('web: {image: x, labels: {convox.start.shift: 1}}')).toContain(
      '1:26 web.labels["convox.start.shift"] dropped',
    );
  });

  it('explains each entry in words, without a value', () => {
    const { accounting } = convert('image: x\nenvironment: [SECRET=hunter2]');

    expect(accounting.every(({ note }) => note.length > 0)).toBe(true);
    expect(JSON.stringify(accounting)).not.toContain('hunter2');
  });
});
