; Inno Setup 6. Not yet built on Windows: see README.md beside it.
#ifndef Version
  #error "say the version: iscc /DVersion=0.1.0 swictation.iss"
#endif

[Setup]
AppId=swictation
AppName=swictation
AppVersion={#Version}
AppPublisher=the swictation authors
DefaultDirName={autopf}\swictation
DisableProgramGroupPage=yes
PrivilegesRequired=lowest
ArchitecturesAllowed=x64compatible
ArchitecturesInstallIn64BitMode=x64compatible
MinVersion=10.0.17763
LicenseFile=..\..\LICENSE
SetupIconFile=..\..\build\swictation.ico
UninstallDisplayIcon={app}\swictation-tray.exe
SourceDir=.
OutputDir=..\..\dist
OutputBaseFilename=swictation-{#Version}-setup
Compression=lzma2
SolidCompression=yes
ChangesEnvironment=yes
CloseApplications=yes

[Tasks]
Name: path; Description: "Add swictation to PATH"

[Files]
Source: "..\..\build\frozen\swictation\*"; DestDir: "{app}"; Flags: recursesubdirs ignoreversion

[Icons]
Name: "{autoprograms}\swictation"; Filename: "{app}\swictation-tray.exe"

[Registry]
Root: HKCU; Subkey: "Environment"; ValueType: expandsz; ValueName: "Path"; ValueData: "{olddata};{app}"; \
  Tasks: path; Check: NotInPath

[Run]
Filename: "{app}\swictation-tray.exe"; Description: "Start swictation"; Flags: nowait postinstall skipifsilent

[UninstallRun]
Filename: "{app}\swictation.exe"; Parameters: "autostart off"; Flags: runhidden; RunOnceId: "autostart"
Filename: "{app}\swictation.exe"; Parameters: "quit"; Flags: runhidden; RunOnceId: "quit"

[Code]
function NotInPath(): Boolean;
var
  Present: String;
begin
  if not RegQueryStringValue(HKEY_CURRENT_USER, 'Environment', 'Path', Present) then
    Present := '';
  Result := Pos(';' + Uppercase(ExpandConstant('{app}')) + ';', ';' + Uppercase(Present) + ';') = 0;
end;
