// Replay of a run: play and pause, a slider through it, the step that is shown.

const SHAPE_OF_PLAY = "M7 4l13 8-13 8z";
const SHAPE_OF_PAUSE = "M6 4h4v16H6zM14 4h4v16h-4z";

class Playbar {
  constructor(panel) {
    this.panel = panel;
    this.element = make("div", "playbar");
    this.step = make("span", "step");
    const range = { type: "range", min: "0", step: "any", "aria-label": "Place in the run" };
    this.slider = make("input", "slider", range);
    this.button = make("button", "play", { type: "button" });
    this.word = make("span", "word");
    this.button.append(icon(SHAPE_OF_PLAY), this.word);
    this.element.append(this.step, this.slider, this.button);
    this.button.addEventListener("click", () => this.onPlay());
    this.slider.addEventListener("input", () => {
      this.panel.player.seek(Number(this.slider.value));
      this.panel.touch(true);
    });
  }

  get player() {
    return this.panel.player;
  }

  onPlay() {
    const { player, panel } = this;
    if (player.isReplay && player.playing) player.pause(false);
    else if (player.isReplay && player.at < player.last) player.pause(true);
    else if (player.isWhole || !panel.head.replayable) player.replay();
    else {
      this.wanted = panel.head.run;
      panel.owner.want(panel.head.run);
    }
    panel.touch(true);
  }

  update() {
    const { player } = this;
    const { run, live, replayable } = this.panel.head;
    const has = player.order.length > 1;
    this.button.hidden = live || !(has || replayable);
    this.slider.hidden = live || !has;
    this.slider.max = String(player.last + 1); // one more: the final layout
    if (this.wanted === run && player.isWhole) {
      this.wanted = null;
      player.replay();
    }
    this.panel.touch();
  }

  show() {
    const { player } = this;
    const runs = player.isReplay && player.playing;
    const word = runs ? "Pause" : this.wanted ? "…" : "Replay";
    const shape = runs ? SHAPE_OF_PAUSE : SHAPE_OF_PLAY;
    if (this.word.textContent !== word) {
      this.word.textContent = word;
      this.button.setAttribute("aria-label", word === "…" ? "Replay is on its way" : word);
      this.button.querySelector("path").setAttribute("d", shape);
    }
    const at = player.source === "final" ? player.last + 1 : player.at;
    if (Number(this.slider.value) !== at) this.slider.value = String(at);
    // At rest the last frame that came may be an earlier one than the map that is shown.
    const isKnown = player.source === "frames" ? player.order.length > 1 : player.isWhole;
    const text = isKnown ? player.word : "";
    if (this.step.textContent !== text) this.step.textContent = text;
    this.slider.setAttribute("aria-valuetext", text);
  }
}
