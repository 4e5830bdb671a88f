// Plays the stream natively where the browser can, through hls.js elsewhere, or always through it with ?player=hls.
// window.hls is the hls.js instance (null when playing natively); window.problems collects whatever goes wrong.
"use strict";

window.hls = null;
window.problems = [];

(() => {
  const video = document.getElementById("video");
  const status = document.getElementById("status");
  const { source, captions, chapters, library } = video.dataset;

  // in another page's frame the video has all the room; that page says what it is
  document.body.classList.toggle("framed", window.self !== window.top);

  function say(text, bad = false) {
    status.textContent = text;
    status.className = bad ? "bad" : "quiet";
  }

  function sayQuality(player) {
    if (video.videoHeight) {
      say(`${video.videoWidth} × ${video.videoHeight} · ${player}`);
    }
  }

  function showFirstCaptions() {
    const track = Array.from(video.textTracks).find(({ kind }) => kind === "subtitles" || kind === "captions");
    if (track) {
      track.mode = "showing";
    }
    return track !== undefined;
  }

  function playNatively() {
    video.textTracks.addEventListener("addtrack", showFirstCaptions, { once: true });
    video.addEventListener("resize", () => sayQuality("this browser's own player"));
    video.addEventListener("error", () => {
      window.problems.push(`native player: ${video.error.message || video.error.code}`);
      loadLibrary();  // what a browser says of itself is no proof (https://github.com/video-dev/hls.js/issues/7827)
    }, { once: true });
    // Some browsers play HLS but leave its subtitle tracks out: the whole subtitle file takes their place.
    video.addEventListener("loadeddata", () => {
      if (captions && !showFirstCaptions()) {
        const track = document.createElement("track");
        Object.assign(track, { kind: "subtitles", label: "Captions", src: captions, default: true });
        video.append(track);
      }
    }, { once: true });
    video.src = source;
  }

  function playThroughLibrary() {
    if (!window.Hls || !Hls.isSupported()) {
      window.problems.push("unsupported");
      say("This browser can't play HLS.", true);
      return;
    }
    const hls = new Hls();
    hls.on(Hls.Events.ERROR, (_, { details, fatal }) => {
      window.problems.push(details);
      if (fatal) {
        say(`The stream can't be played (${details}).`, true);
      }
    });
    hls.on(Hls.Events.SUBTITLE_TRACKS_UPDATED, (_, { subtitleTracks }) => {
      if (subtitleTracks.length > 0) {
        hls.subtitleDisplay = true;
        hls.subtitleTrack = Math.max(0, subtitleTracks.findIndex((track) => track.default));
      }
    });
    video.addEventListener("resize", () => sayQuality(`hls.js ${Hls.version}`));
    hls.loadSource(source);
    hls.attachMedia(video);
    window.hls = hls;
  }

  function loadLibrary() {
    const script = document.createElement("script");
    script.src = library;
    script.addEventListener("load", playThroughLibrary);
    script.addEventListener("error", () => {
      window.problems.push("library not loaded");
      say("The player could not be loaded: reload this page.", true);
    });
    document.head.append(script);
  }

  function clock(seconds) {
    const [whole, pad] = [Math.floor(seconds), (n) => String(n).padStart(2, "0")];
    const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
    return hours ? `${hours}:${pad(minutes)}:${pad(whole % 60)}` : `${minutes}:${pad(whole % 60)}`;
  }

  async function listChapters() {
    const list = document.getElementById("chapters");
    const response = await fetch(chapters);
    for (const chapter of response.ok ? await response.json() : []) {
      const button = document.createElement("button");
      button.textContent = `${clock(chapter["start-time"])}  ${chapter.titles[0].title}`;
      button.addEventListener("click", () => {
        video.currentTime = chapter["start-time"];
      });
      const entry = document.createElement("li");
      entry.append(button);
      list.append(entry);
      list.hidden = false;
    }
  }

  if (chapters) {
    listChapters().catch((error) => window.problems.push(`chapters: ${error.message}`));
  }

  const forced = new URLSearchParams(location.search).get("player") === "hls";
  if (!forced && video.canPlayType("application/vnd.apple.mpegurl")) {
    playNatively();
  } else {
    loadLibrary();
  }
})();
