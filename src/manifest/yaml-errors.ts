import type { ErrorCode } from 'yaml';

interface Words {
  readonly message: string;
  readonly hint: string;
}

const STRUCTURE = 'Check the indentation of this line and of the lines before it.';

const WORDS: Partial<Record<ErrorCode, Words>> = {
  ALIAS_PROPS: { message: 'An alias has an anchor or a tag.', hint: 'Remove what stands before the alias.' },
  BAD_ALIAS: { message: 'An alias or anchor has an invalid name.', hint: 'Quote text that starts with "*" or "&".' },
  BAD_DIRECTIVE: { message: 'A "%" line is not a YAML directive.', hint: 'Quote text that starts with "%".' },
  BAD_DQ_ESCAPE: {
    message: 'A text in double quotes holds an escape that YAML does not know.',
    hint: 'Double the backslash, or use single quotes.',
  },
  BAD_INDENT: { message: 'The indentation does not fit, or a bracket is not closed.', hint: STRUCTURE },
  BAD_SCALAR_START: { message: 'A text starts with a character YAML reserves.', hint: 'Quote the text.' },
  BLOCK_AS_IMPLICIT_KEY: {
    message: 'A key or list stands where only a plain value can.',
    hint: 'Quote text that holds ": "; otherwise check the indentation.',
  },
  BLOCK_IN_FLOW: {
    message: 'An indented block stands inside brackets.',
    hint: 'Close the bracket, or quote the text.',
  },
  KEY_OVER_1024_CHARS: { message: 'A key is longer than 1024 characters.', hint: STRUCTURE },
  MISSING_CHAR: {
    message: 'A quote, bracket, comma, colon or space is missing.',
    hint: 'Look for a quote or bracket that is not closed, or a ":" without a space after it.',
  },
  MULTILINE_IMPLICIT_KEY: {
    message: 'A key goes over several lines.',
    hint: 'A ":" may be missing, or indentation is wrong.',
  },
  MULTIPLE_ANCHORS: { message: 'A value has two anchors.', hint: 'Remove one of them.' },
  MULTIPLE_TAGS: { message: 'A value has two tags.', hint: 'Remove them.' },
  TAB_AS_INDENT: { message: 'A tab is used for indentation.', hint: 'Use spaces.' },
  TAG_RESOLVE_FAILED: { message: 'A tag cannot be read.', hint: 'Remove the tag; quote text that starts with "!".' },
  UNEXPECTED_TOKEN: { message: 'The line does not fit what stands before it.', hint: STRUCTURE },
};

/** What is wrong, in our words: the parser's own messages quote the file, which may hold secrets. */
export function describeSyntaxError(code: ErrorCode): Words {
  const words = WORDS[code] ?? { message: 'The line is not valid YAML.', hint: STRUCTURE };
  return { message: `Not valid YAML: ${words.message}`, hint: words.hint };
}
