// SPDX-License-Identifier: LGPL-2.1-or-later

/** Asks now and every so often; `take` gets each answer until the function that is returned is called. */
export function repeat<Answer>(ask: () => Promise<Answer | null>, take: (answer: Answer) => void, everyMs: number): () => void {
  let wanted = true;
  const sample = () =>
    ask().then(
      (answer) => {
        if (wanted && answer) take(answer);
      },
      () => {},
    );
  void sample();
  const again = setInterval(sample, everyMs);
  return () => {
    wanted = false;
    clearInterval(again);
  };
}
