// SPDX-License-Identifier: LGPL-2.1-or-later
// The choice of how far back a time series goes.

import type { JSX } from "preact";
import { WINDOW_NAMES, WINDOWS, type Window } from "./usehistory";

export function RangePicker({ window, choose }: { window: Window; choose: (window: Window) => void }): JSX.Element {
  return (
    <label>
      shown{" "}
      <select value={window} onChange={(event) => choose(event.currentTarget.value as Window)}>
        {(Object.keys(WINDOWS) as Window[]).map((key) => (
          <option key={key} value={key}>
            {WINDOW_NAMES[key]}
          </option>
        ))}
      </select>
    </label>
  );
}
