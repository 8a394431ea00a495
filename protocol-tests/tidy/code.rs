//! Source as the rules want it: comments and the insides of strings blanked, lines kept.

/// `text` with spaces in place of comments and of what strings and characters hold.
pub fn blank(text: &str) -> String {
    let mut blanked = Blanked { chars: text.chars().collect(), at: 0, out: String::new() };
    while blanked.at < blanked.chars.len() {
        blanked.step();
    }
    blanked.out
}

struct Blanked {
    chars: Vec<char>,
    at: usize,
    out: String,
}

impl Blanked {
    fn peek(&self, ahead: usize) -> char {
        self.chars.get(self.at + ahead).copied().unwrap_or('\0')
    }

    fn keep(&mut self) {
        self.out.push(self.peek(0));
        self.at += 1;
    }

    fn hide(&mut self) {
        self.out.push(if self.peek(0) == '\n' { '\n' } else { ' ' });
        self.at += 1;
    }

    fn step(&mut self) {
        let in_word = self.out.chars().last().is_some_and(|c| c.is_alphanumeric() || c == '_');
        match (self.peek(0), self.peek(1)) {
            ('/', '/') => {
                while self.at < self.chars.len() && self.peek(0) != '\n' {
                    self.hide();
                }
            }
            ('/', '*') => self.block_comment(),
            ('"', _) => self.string(),
            ('r', '"' | '#') if !in_word && self.raw_hashes().is_some() => self.raw_string(),
            ('\'', _) => self.character(),
            _ => self.keep(),
        }
    }

    fn block_comment(&mut self) {
        let mut depth = 0;
        while self.at < self.chars.len() {
            match (self.peek(0), self.peek(1)) {
                ('/', '*') => depth += 1,
                ('*', '/') => depth -= 1,
                _ => {
                    self.hide();
                    continue;
                }
            }
            self.hide();
            self.hide();
            if depth == 0 {
                return;
            }
        }
    }

    fn string(&mut self) {
        self.keep();
        while self.at < self.chars.len() && self.peek(0) != '"' {
            if self.peek(0) == '\\' {
                self.hide();
            }
            self.hide();
        }
        self.keep();
    }

    fn raw_hashes(&self) -> Option<usize> {
        let hashes = (1..).take_while(|ahead| self.peek(*ahead) == '#').count();
        (self.peek(1 + hashes) == '"').then_some(hashes)
    }

    fn raw_string(&mut self) {
        let hashes = self.raw_hashes().unwrap_or(0);
        for _ in 0..hashes + 2 {
            self.keep();
        }
        let ends =
            |text: &Self| text.peek(0) == '"' && (1..=hashes).all(|ahead| text.peek(ahead) == '#');
        while self.at < self.chars.len() && !ends(self) {
            self.hide();
        }
        for _ in 0..=hashes {
            self.keep();
        }
    }

    /// A character, or the apostrophe of a lifetime.
    fn character(&mut self) {
        let escaped = self.peek(1) == '\\';
        if !escaped && self.peek(2) != '\'' {
            return self.keep();
        }
        self.keep();
        if escaped {
            self.hide();
        }
        self.hide();
        while self.at < self.chars.len() && self.peek(0) != '\'' {
            self.hide();
        }
        self.keep();
    }
}

/// Words and single signs of blanked code, each with its line (from 1).
pub fn tokens(code: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    for (index, line) in code.lines().enumerate() {
        let mut rest = line.trim_start();
        while let Some(first) = rest.chars().next() {
            let is_word = |c: char| c.is_alphanumeric() || c == '_';
            let length = match is_word(first) {
                true => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
                false => first.len_utf8(),
            };
            found.push((index + 1, &rest[..length]));
            rest = rest[length..].trim_start();
        }
    }
    found
}

/// The end of the block that the first `{` at or after `from` opens: index of its `}`.
pub fn block_end(tokens: &[(usize, &str)], from: usize) -> Option<usize> {
    let mut depth = 0;
    for (index, (_, token)) in tokens.iter().enumerate().skip(from) {
        match *token {
            "{" => depth += 1,
            "}" if depth == 1 => return Some(index),
            "}" => depth -= 1,
            _ => {}
        }
    }
    None
}

/// Lines (from 1) of modules that exist in tests only.
pub fn test_lines(path: &str, code: &str) -> Box<dyn Fn(usize) -> bool> {
    let parts: Vec<_> = path.split('/').collect();
    let named = |part: &&str| matches!(*part, "tests" | "tests.rs" | "sim.rs" | "protocol-tests");
    if parts.iter().any(named) {
        return Box::new(|_| true);
    }
    let tokens = tokens(code);
    let words: Vec<_> = tokens.iter().map(|(_, token)| *token).collect();
    let mut spans = Vec::new();
    for start in 0..words.len() {
        let marked = words[start..].starts_with(&["#", "[", "cfg", "(", "test", ")", "]"]);
        let Some(end) = marked.then(|| block_end(&tokens, start)).flatten() else { continue };
        spans.push(tokens[start].0..=tokens[end].0);
    }
    Box::new(move |line| spans.iter().any(|span| span.contains(&line)))
}

#[test]
fn comments_and_strings_are_blanked_and_lines_kept() {
    let code = blank("a // b\n/* c /* d\n */ e */ f \"g\\\" h\" r#\"i \" j\"# 'k' '\\'' 'l m");
    let words = |line| {
        let found = tokens(&code).into_iter().filter(move |(at, _)| *at == line);
        found.map(|(_, word)| word).collect::<String>()
    };
    assert_eq!([1, 2, 3].map(words), ["a", "", "f\"\"r#\"\"#'''''lm"]);
}

#[test]
fn test_modules_are_recognised() {
    let code = "fn a() {}\n#[cfg(test)]\nmod tests {\n fn b() {}\n}\nfn c() {}\n";
    let in_tests = test_lines("src/x.rs", code);
    assert_eq!((1..=6).map(&in_tests).collect::<Vec<_>>(), [false, true, true, true, true, false]);
    assert!(test_lines("src/x/tests.rs", "")(1) && test_lines("protocol-tests/a.rs", "")(1));
}
